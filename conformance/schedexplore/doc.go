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
// What it cannot see: others act at these points only, not between any two instructions of the loop. So an order of two atomic variables that is wrong
// within the loop itself, as of its announcement that it sleeps and its look at what was posted, is found only where a call to the queue lies in between.
//
//	go test ./conformance/schedexplore -run TestExplore -interleavings 100000
//	go test ./conformance/schedexplore -run TestExplore -seed 7 -v
//
// The first explores so many, from a seed that it prints; the second prints what happens in the one of seed 7.
package schedexplore
