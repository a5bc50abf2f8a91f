// Package schedexplore runs loops of package sched over a simulated queue and a simulated clock. At
// each call that a loop makes to the queue, and at points in the code of tasks, it decides what the
// environment does next.
//
// The environment makes a handle ready, or closes its registration and reuses its number. It
// interrupts a wait, cancels or starts a task, posts a function, or asks the loop to end. It also
// advances the clock to just before a deadline, to the deadline or past it. In some interleavings
// the tasks or the posted functions are bounded, and starts are refused. Each seed is one
// interleaving, the same in every run, and a failure names its seed.
//
// The queue keeps the contract of queue.Queue and promises no more. Events come late, merged,
// split, spuriously and in any order, and edges are native or not. The clock is that of a
// testing/synctest bubble, so that sched is explored unchanged, without a seam for time. The only
// system call asks for the number of a thread.
//
// A lost wake-up is detected whenever a loop is about to block and the environment is idle. Every
// actor that was due to be woken must be awake by then. No wait may end without a cause, early, or
// because of a previous registration of the same number. At the end no task, registration or posted
// function may be left.
//
// With several workers (ExploreCrew: a sched.Shared or a sched.Stealing), each worker stops at the
// places where it does not hold the lock of a loop. It stops where user code begins or continues
// after a wait. In the queue's Wait it stops before it looks, before it returns and while it
// blocks. A thread that wakes the queue may also stop on its way.
//
// When all goroutines of the bubble are blocked, the explorer releases one stopped worker or lets
// the environment act once. At times only workers in user code can continue, which may take any
// time. Then no actor that was due to be woken may still wait, unless no free worker could run it.
// A free worker must wait in the queue.
//
// The explorer has limits. The environment acts only at these points, not between any two
// instructions of the loop. A wrong order of two atomic variables within the loop is therefore
// found only if a call to the queue lies between them. An example is the loop's announcement that
// it sleeps and its check of the posted functions.
//
// The explorer never makes a thread slow to take the lock for which it was woken. If two threads
// want a lock at once, the seed does not decide which one gets it. So with a Shared about one seed
// in a thousand is more than one interleaving, and one in five under the race detector.
//
//	go test ./conformance/schedexplore -full
//	go test ./conformance/schedexplore -run 'TestExplore$' -full -interleavings 100000
//	go test ./conformance/schedexplore -run 'TestExplore$' -seed 7 -v
//	go test ./conformance/schedexplore -run TestExploreCrews -full -crew-interleavings 10000
//	go test ./conformance/schedexplore -run 'TestExploreCrews/shared_2' -seed 7 -v
//
// Without flags each run explores the same few interleavings. With -full it explores many, from a
// seed that it prints, and also runs the mutants with a Shared. -interleavings sets how many it
// explores. -seed 7 prints the events in the interleaving of seed 7.
package schedexplore
