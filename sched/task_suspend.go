package sched

// Suspend suspends the running task as [Task.Suspend] does. Package stream uses it for a task that
// waits for another task, not for the handle.
func (s *taskSource) Suspend(start func(resume func())) error {
	t, err := s.loop.caller("Suspend")
	if err != nil {
		return err
	}
	return t.Suspend(start)
}
