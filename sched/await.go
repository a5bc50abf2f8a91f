package sched

// Await suspends the running task as [Task.Await] does. By it package stream suspends a task that
// waits for another task, and not for the handle.
func (s *taskSource) Await(start func(resume func())) error {
	t, err := s.loop.caller("Await")
	if err != nil {
		return err
	}
	return t.Await(start)
}
