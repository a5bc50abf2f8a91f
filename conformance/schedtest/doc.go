// Package schedtest is the conformance suite of package sched: for its loops over any queue and in
// any mode, and for a sched.Scheduler of one's own.
//
// The rules are sentences of the documentation of packages sched, stream (what a registration
// promises) and queue. Each has a case, and each case has been seen to fail, on a scheduler that is
// correct but for that rule.
package schedtest
