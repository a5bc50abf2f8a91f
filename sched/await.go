package sched

// Await suspends the running task as [Task.Await] does. By it package stream suspends a task that waits for another task, and not for the handle.
func (s *taskSource) Await(start func(resume func())) error {
	t := s.loop.runningTask()
	if t == nil || t.loop != s.loop {
		panic("sched: Await is called outside the loop's tasks")
	}
	return t.Await(start)
}
