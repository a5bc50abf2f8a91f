package sched

// Suspend suspends the calling task, as [Task.Suspend] does, or the calling goroutine. Package stream
// uses it for a caller that waits for another caller, not for the handle.
func (s *taskSource) Suspend(start func(resume func())) error {
	if t := s.loop.callingTask(); t != nil {
		return t.Suspend(start)
	}
	if s.loop.poller == nil || s.loop.runningWorker() != nil {
		return s.loop.notTask("Suspend")
	}
	resumed := make(chan struct{}, 1)
	start(func() {
		select {
		case resumed <- struct{}{}:
		default:
		}
	})
	<-resumed
	return nil
}
