// Package schedtest is the conformance suite of package sched. It tests the loops of sched over any
// queue in any mode, and any other implementation of sched.Scheduler.
//
// Each rule restates a promise in the documentation of package sched, stream (for registrations) or
// queue. Each rule has a case. Each case has failed at least once, on a scheduler that breaks only
// that rule.
package schedtest
