package schedtest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sched"
)

const postRule = "Post makes the loop call f soon, in the order of the posts."

func postCases() []Case {
	return []Case{
		{ID: "post/order", Doc: "sched.Loop.Post", Run: postOrder, Rule: postRule, Source: "libuv: async callbacks run in the order in which they were sent"},
		{ID: "post/none-lost", Doc: "sched.Loop.Post", Run: postNoneLost, Rule: postRule, Source: "gnet, netty 76592db0, libuv 2226: a wake-up lost between the check and the sleep"},
		{ID: "post/bound", Doc: "sched.Loop.Post", Run: postBound,
			Rule:   "Post returns ErrFull if MaxPosted functions already wait, and ErrStopped after the loop has ended.",
			Source: "gnet 423: unbounded memory"},
		{ID: "post/panic-is-contained", Doc: "sched.Options.Ended", Run: postPanicIsContained,
			Rule:   `Ended is called for the panic of a posted function, under the name "posted function".`,
			Source: "cloudwego/netpoll 238: a panic in a handler wedges the loop"},
		{ID: "post/itself", Doc: "sched.Loop.Post", Run: postItself,
			Rule:   "A function that f posts is called in a later turn, after the events that have arrived.",
			Source: "libuv 4245, sonic: a handler that posts itself holds the loop"},
	}
}

func postOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const posts = 1000
	var got []int
	done := make(chan struct{})
	for i := range posts {
		err := r.ops.post(r.loop(), func() {
			if got = append(got, i); len(got) == posts {
				close(done)
			}
		})
		if err != nil {
			t.Fatalf("Post: %v", err)
		}
	}
	r.wait(t, done, "all posted functions are called")
	for i, n := range got {
		if i != n {
			t.Fatalf("function %d was called in place %d", n, i)
		}
	}
}

func postNoneLost(t T, r *Fixture) {
	r.start(t, sched.Options{MaxPosted: 64})
	const producers = 8
	posts := r.rounds(1000)
	var called atomic.Int64
	var over atomic.Bool // the producers end
	var wg sync.WaitGroup
	t.Cleanup(func() {
		over.Store(true)
		wg.Wait()
	})
	for range producers {
		wg.Go(func() {
			for i := range posts {
				for {
					err := r.ops.post(r.loop(), func() { called.Add(1) })
					if err == nil {
						break
					}
					if !errors.Is(err, sched.ErrFull) {
						t.Errorf("Post: %v", err)
						return
					}
					if over.Load() {
						return
					}
					runtime.Gosched()
				}
				if i%8 == 0 {
					runtime.Gosched() // lets the loop go to sleep
				}
			}
		})
	}
	// No later post may make up for a lost wake-up.
	suite.Moving(t, fmt.Sprintf("%d posted functions are called", producers*posts), func() int { return int(called.Load()) },
		func() bool { return called.Load() == int64(producers*posts) })
}

func postBound(t T, r *Fixture) {
	const bound = 16
	r.start(t, sched.Options{MaxPosted: bound})
	for range 2 { // the second time shows that the room is free again
		held, release := make(chan struct{}), make(chan struct{})
		if err := r.ops.post(r.loop(), func() {
			close(held)
			<-release
		}); err != nil {
			t.Fatalf("Post: %v", err)
		}
		r.wait(t, held, "the loop is held")
		accepted, called := 0, 0
		var err error
		for range bound + 1 {
			if err = r.ops.post(r.loop(), func() { called++ }); err == nil {
				accepted++
			}
		}
		close(release)
		if accepted != bound || !errors.Is(err, sched.ErrFull) {
			t.Errorf("Post accepted %d functions, then returned %v; want %d, then ErrFull", accepted, err, bound)
		}
		r.fence(t)
		if called != bound {
			t.Errorf("%d functions were called, want %d", called, bound)
		}
	}
	r.s.Drain()
	r.wait(t, r.ran, "Run returns")
	if err := r.ops.post(r.loop(), func() {}); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Post after the loop has ended: %v, want ErrStopped", err)
	}
}

func postPanicIsContained(t T, r *Fixture) {
	r.start(t, sched.Options{})
	if err := r.ops.post(r.loop(), func() { panic(errCase) }); err != nil {
		t.Fatalf("Post: %v", err)
	}
	r.ended(t, "posted function", errCase)
	checkPanic(t, r.endings("posted function")[0], "postPanicIsContained")
}

func postItself(t T, r *Fixture) {
	r.start(t, sched.Options{})
	a, b := r.pair(t)
	reg := r.register(t, taskForm, a)
	posts, starved := 0, false
	begun := time.Now()
	var received atomic.Bool
	over := make(chan struct{})
	var again func()
	again = func() {
		posts++
		if posts == 10 { // the reader waits
			send(t, b, "x")
		}
		// How many turns an event takes to arrive depends on the system, so the case sets no limit
		// on turns.
		starved = time.Since(begun) > r.late()
		if received.Load() || starved {
			close(over)
			return
		}
		if err := r.ops.post(r.loop(), again); err != nil {
			t.Errorf("Post: %v", err)
			close(over)
		}
	}
	reads := r.spawn(t, r.loop(), t.Context(), "reads", func(*sched.Task) error {
		_, err := receive(reg, a, make([]byte, 1))
		received.Store(true)
		return err
	})
	if err := r.ops.post(r.loop(), again); err != nil {
		t.Fatalf("Post: %v", err)
	}
	r.wait(t, over, "the function stops posting itself")
	r.wait(t, reads, "the reader ends")
	if starved {
		t.Errorf("an event was not delivered while a function posted itself %d times", posts)
	}
}
