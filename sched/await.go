package sched

// Suspend suspends the running task as [Task.Suspend] does. By it package stream suspends a task
// that waits for another task, and not for the handle.
func (s *taskSource) Suspend(start func(resume func())) error {
	t, err := s.loop.caller("Suspend")
	if err != nil {
		return err
	}
	return t.Suspend(start)
}
