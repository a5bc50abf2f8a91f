// Package schedexplore runs loops of package sched over a queue and a clock that it makes up, and decides at each call that a loop
// makes of the queue, and wherever a task runs, what others do just then: a handle becomes ready, its registration is closed and its number used again, a wait
// is interrupted, a task is cancelled, a function is posted, time passes to just before a deadline, to it or past it. Each seed is one interleaving, and the same
// each time: a failure names its seed.
//
// The queue keeps the contract of queue.Queue and no more: events come late, merged, split, spuriously and in any order, edges are native or
// not. The clock is that of a testing/synctest bubble, so that sched is explored as it is, without a seam for time; no call of the system is made.
//
// Whenever a loop is about to block, and nobody does anything, everything that was to wake somebody must have done so: that is how a lost
// wake-up is recognised. No wait is ended without a cause, or early, or for a registration's predecessor of the same number; and when all is over, nothing is left.
//
// What a loop does between two such calls is not interrupted, but for goroutines that wait: these go on where they are let go. Package sched changes the
// state of a registration in steps that exclude each other, and between any two of these on different registrations there is no point at which others act.
package schedexplore
