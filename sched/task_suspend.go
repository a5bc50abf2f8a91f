package sched

// Suspend suspends the calling task, as [Task.Suspend] does, or the calling goroutine. Package
// stream uses it for a caller that waits for another caller, not for the handle.
func (s *taskSource) Suspend(start func(resume func())) error { return s.loop.suspendCaller(start) }

func (l *Loop) suspendCaller(start func(resume func())) error {
	if t := l.callingTask(); t != nil {
		return t.Suspend(start)
	}
	if l.poller == nil || l.runningWorker() != nil {
		return l.notTask("Suspend")
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
