// Package schedexplore runs loops of package sched over a queue and a clock that it makes up, and
// decides at each call that a loop makes of the queue, and wherever a task runs, what others do
// just then: a handle becomes ready, its registration is closed and its number used again, a wait
// is interrupted, a task is canceled or started, a function is posted, the loop is asked to end,
// time passes to just before a deadline, to it or past it. In some interleavings the tasks or the
// posted functions are bounded, and starts are refused. Each seed is one interleaving, and the same
// each time: a failure names its seed.
//
// The queue keeps the contract of queue.Queue and no more: events come late, merged, split,
// spuriously and in any order, edges are native or not. The clock is that of a testing/synctest
// bubble, so that sched is explored as it is, without a seam for time; no call of the system is
// made, but for the number of a thread.
//
// Whenever a loop is about to block, and nobody does anything, everything that was to wake somebody
// must have done so: that is how a lost wake-up is recognised. No wait is ended without a cause, or
// early, or for a registration's predecessor of the same number; and when all is over, nothing is
// left.
//
// With several workers (ExploreCrew: a sched.Shared or a sched.Stealing) each stops where code of
// others begins, or goes on after it has waited, and in the queue's Wait before it looks, before it
// returns and while it blocks; a thread that wakes the queue may stop on its way. These are the
// places at which the lock of a loop is not held. When everybody rests, which a bubble tells, one
// of those who have stopped is let go, or others do one thing. Whenever nobody can go on but those
// in code of others, however long that may take, nobody may wait whom something was to wake and
// whom a worker that is free could run, and a free worker waits in the queue.
//
// What it cannot see: others act at these points only, not between any two instructions of the
// loop. So an order of two atomic variables that is wrong within the loop itself, as of its
// announcement that it sleeps and its look at what was posted, is found only where a call to the
// queue lies in between.
//
// Nor is a thread slow to take the lock that it was woken for. And where two threads want it at
// once, which one gets it is not decided by the seed: with the workers of a Shared one seed in
// about a thousand is more than one interleaving, and one in five under the race detector.
//
//	go test ./conformance/schedexplore -full
//	go test ./conformance/schedexplore -run 'TestExplore$' -full -interleavings 100000
//	go test ./conformance/schedexplore -run 'TestExplore$' -seed 7 -v
//	go test ./conformance/schedexplore -run TestExploreCrews -full -crew-interleavings 10000
//	go test ./conformance/schedexplore -run 'TestExploreCrews/shared_2' -seed 7 -v
//
// Without flags the same interleavings are explored each time, and few. With -full there are many,
// from a seed that is printed, and the mutants are sought with a Shared as well. -interleavings
// says how many; -seed prints what happens in the one of seed 7.
package schedexplore
