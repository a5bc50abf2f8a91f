package resolvetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// soon is a deadline that the cases wait for.
const soon = 20 * time.Millisecond

func cancelCases() []Case {
	return []Case{
		{ID: "cancel/before-start", Doc: "resolve.Query.Cancel", Rule: "A query canceled before Start completes with ErrCanceled when it is started, and no lookup starts.",
			Needs: needs(Base), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c := o.query(a("one.example"))
				c.Cancel()
				b.Start(c.Query)
				o.await(c)
				c.fails(resolve.ErrCanceled)
				c.fails(context.Canceled)
				if s.lookups() != 0 {
					t.Errorf("got %d lookups, want none", s.lookups())
				}
			}},
		{ID: "cancel/in-flight", Doc: "resolve.Query.Cancel", Rule: "A canceled query completes at once with ErrCanceled, exactly once, regardless of when its lookup ends.",
			Needs: needs(Base, Async), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				s.heedless = true
				b := p.base(t, s, roomy)
				c := o.start(b, a("one.example"))
				l := s.next()
				if !c.Cancel() {
					t.Errorf("Cancel of a query in flight returned false, want true")
				}
				o.await(c)
				c.fails(resolve.ErrCanceled)
				l.release(fixed(c.Question))
				b.Close()
				join(t, b)
				o.once(c)
				c.fails(resolve.ErrCanceled)
			}},
		{ID: "cancel/ends-lookup", Doc: "resolve.Query.Cancel", Rule: "Cancel ends the context of the lookup.", Needs: needs(Base, Async, Lookup), Run: func(t T, p Fixture) {
			o, s := newOwner(t), newScript(t, nil)
			b := p.base(t, s, roomy)
			c := o.start(b, a("one.example"))
			l := s.next()
			c.Cancel()
			ends(t, l.ctx)
			o.await(c)
		}},
		{ID: "cancel/race", Doc: "resolve.Query.Cancel", Rule: "A cancellation that races with the lookup causes one completion, with either result.",
			Needs: needs(Base, Async), Run: cancelRace},
		{ID: "cancel/in-done", Doc: "resolve.Query.Done", Rule: "Done may cancel queries in flight and start others.", Source: "c-ares CVE-2026-33630",
			Needs: needs(Base, Async), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, roomy)
				second := o.start(b, a("two.example"))
				s.next()
				first, third := o.query(a("one.example")), o.query(a("three.example"))
				first.Query.Done = func(ans resolve.Answer, err error) {
					first.done(ans, err)
					second.Cancel()
					b.Start(third.Query)
				}
				b.Start(first.Query)
				for _, c := range []*call{first, third} {
					s.nextOf(c.Question).release(fixed(c.Question))
					o.await(c)
				}
				o.await(second)
				o.once(first, second, third)
				first.holds("192.0.2.1")
				second.fails(resolve.ErrCanceled)
				third.holds("192.0.2.1")
			}},
		{ID: "deadline/passed", Doc: "resolve.Query.Deadline", Rule: "A query whose deadline has passed completes with ErrTimeout, and no lookup starts.",
			Needs: needs(Base), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c := o.query(a("one.example"))
				c.Deadline = time.Now().Add(-time.Second)
				b.Start(c.Query)
				o.await(c)
				c.fails(resolve.ErrTimeout)
				if s.lookups() != 0 {
					t.Errorf("got %d lookups, want none", s.lookups())
				}
			}},
		{ID: "deadline/in-flight", Doc: "resolve.Query.Deadline", Rule: "A query completes with ErrTimeout at its deadline, whatever its lookup does.",
			Needs: needs(Base, Async), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				s.heedless = true
				b := p.base(t, s, roomy)
				c := o.query(a("one.example"))
				c.Deadline = time.Now().Add(soon)
				b.Start(c.Query)
				o.await(c)
				c.fails(resolve.ErrTimeout)
				c.fails(context.DeadlineExceeded)
				var e net.Error
				if !errors.As(c.err, &e) || !e.Timeout() {
					t.Errorf("%v is not a net.Error with Timeout", c.err)
				}
			}},
		{ID: "deadline/not-before", Doc: "resolve.Query.Deadline", Rule: "A query with a deadline completes with its answer if that comes first.",
			Needs: needs(Base), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c := o.query(a("one.example"))
				c.Deadline = time.Now().Add(time.Hour)
				b.Start(c.Query)
				o.await(c)
				c.holds("192.0.2.1")
			}},
	}
}

func ends(t T, ctx context.Context) {
	t.Helper()
	suite.Receive(t, "end of the lookup's context", ctx.Done())
}

func cancelRace(t T, p Fixture) {
	o, s := newOwner(t), newScript(t, fixed)
	b := p.base(t, s, roomy)
	var calls []*call
	var wg sync.WaitGroup
	for i := range 200 {
		c := o.query(a(fmt.Sprintf("r%d.example", i)))
		calls = append(calls, c)
		wg.Go(func() { c.Cancel() })
		b.Start(c.Query)
	}
	wg.Wait()
	o.await(calls...)
	b.Close()
	join(t, b)
	o.once(calls...)
	for _, c := range calls {
		if c.err != nil {
			c.fails(resolve.ErrCanceled)
		} else {
			c.holds("192.0.2.1")
		}
	}
}

func boundCases() []Case {
	return []Case{
		{ID: "bound/busy", Doc: "resolve.Pool", Rule: "Queries beyond the workers and the queue complete with ErrQueueFull, and all others with their answers.",
			Needs: needs(Base, Async, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 1})
				first := o.start(b, a("one.example"))
				l := s.next()
				second, third := o.start(b, a("two.example")), o.start(b, a("three.example"))
				o.await(third)
				third.fails(resolve.ErrQueueFull)
				l.release(fixed(first.Question))
				s.next().release(fixed(second.Question))
				o.await(first, second)
				first.holds("192.0.2.1")
				second.holds("192.0.2.1")
			}},
		{ID: "bound/workers", Doc: "resolve.Pool", Rule: "At most as many lookups run at once as there are workers.", Source: "go#63978",
			Needs: needs(Base, Async, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, resolve.PoolOptions{Workers: 2, MaxQueued: 16})
				var calls []*call
				for i := range 10 {
					calls = append(calls, o.start(b, a(fmt.Sprintf("w%d.example", i))))
				}
				held := []*lookup{s.next(), s.next()}
				for range calls[2:] {
					held[0].release(fixed(held[0].question))
					held = append(held[1:], s.next())
				}
				for _, l := range held {
					l.release(fixed(l.question))
				}
				o.await(calls...)
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.most > 2 {
					t.Errorf("got %d lookups at once, want at most 2", s.most)
				}
			}},
		{ID: "bound/first-come", Doc: "resolve.Pool", Rule: "Queued queries are served in order of arrival.",
			Needs: needs(Base, Async, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 16})
				var calls []*call
				for i := range 5 {
					calls = append(calls, o.start(b, a(fmt.Sprintf("q%d.example", i))))
				}
				for _, c := range calls {
					l := s.next()
					if l.question != c.Question {
						t.Errorf("got a lookup of %v, want %v", l.question, c.Question)
					}
					l.release(fixed(l.question))
				}
				o.await(calls...)
			}},
		{ID: "bound/cancel-frees", Doc: "resolve.Pool", Rule: "A canceled query leaves the queue: it frees its place and causes no lookup.",
			Needs: needs(Base, Async, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 1})
				first := o.start(b, a("one.example"))
				l := s.next()
				second := o.start(b, a("two.example"))
				second.Cancel()
				third := o.start(b, a("three.example"))
				l.release(fixed(first.Question))
				l = s.next()
				if l.question != third.Question {
					t.Errorf("got a lookup of %v, want %v", l.question, third.Question)
				}
				l.release(fixed(l.question))
				o.await(first, second, third)
				second.fails(resolve.ErrCanceled)
				third.holds("192.0.2.1")
			}},
		{ID: "bound/deadline-queued", Doc: "resolve.Pool", Rule: "A queued query completes at its deadline, regardless of how long the workers are busy.",
			Needs: needs(Base, Async, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				s.heedless = true
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 1})
				o.start(b, a("one.example"))
				s.next()
				c := o.query(a("two.example"))
				c.Deadline = time.Now().Add(soon)
				b.Start(c.Query)
				o.await(c)
				c.fails(resolve.ErrTimeout)
			}},
	}
}

func closeCases() []Case {
	return []Case{
		{ID: "close/in-flight", Doc: "resolve.Strategy.Close", Rule: "Queries in flight complete with ErrClosed, exactly once, regardless of when their lookups end.",
			Source: "curl#3371", Needs: needs(Base, Async), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				s.heedless = true
				b := p.base(t, s, roomy)
				c := o.start(b, a("one.example"))
				l := s.next()
				if err := b.Close(); err != nil {
					t.Errorf("Close: got %v, want nil", err)
				}
				o.await(c)
				c.fails(resolve.ErrClosed)
				c.fails(net.ErrClosed)
				l.release(fixed(c.Question))
				join(t, b)
				o.once(c)
			}},
		{ID: "close/in-done", Doc: "resolve.Strategy.Close", Rule: "Done may call Close: the other queries in flight complete with ErrClosed.", Source: "c-ares",
			Needs: needs(Base, Async), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, roomy)
				second := o.start(b, a("two.example"))
				s.next()
				first := o.query(a("one.example"))
				first.Query.Done = func(ans resolve.Answer, err error) {
					first.done(ans, err)
					b.Close()
				}
				b.Start(first.Query)
				s.nextOf(first.Question).release(fixed(first.Question))
				o.await(first, second)
				o.once(first, second)
				first.holds("192.0.2.1")
				second.fails(resolve.ErrClosed)
			}},
		{ID: "close/queued", Doc: "resolve.Strategy.Close", Rule: "Queries that wait for a worker complete with ErrClosed.", Needs: needs(Base, Async, Bounded),
			Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 4})
				o.start(b, a("one.example"))
				s.next()
				c := o.start(b, a("two.example"))
				b.Close()
				o.await(c)
				c.fails(resolve.ErrClosed)
			}},
		{ID: "close/ends-lookup", Doc: "resolve.Strategy.Close", Rule: "Close ends the contexts of the lookups in flight.", Needs: needs(Base, Async, Lookup),
			Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				b := p.base(t, s, roomy)
				o.start(b, a("one.example"))
				l := s.next()
				b.Close()
				ends(t, l.ctx)
			}},
		{ID: "close/later", Doc: "resolve.Strategy.Close", Rule: "After Close a query that cannot be answered from memory completes with ErrClosed, and no lookup starts. Close may be called again.",
			Needs: needs(Base), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				b.Close()
				if err := b.Close(); err != nil {
					t.Errorf("second Close: got %v, want nil", err)
				}
				c := o.start(b, a("one.example"))
				o.await(c)
				c.fails(resolve.ErrClosed)
				if s.lookups() != 0 {
					t.Errorf("got %d lookups, want none", s.lookups())
				}
			}},
		{ID: "close/ends-goroutines", Doc: "resolve.Strategy.Close", Rule: "After Close every goroutine ends after its lookup has ended, and then Wait returns.",
			Needs: needs(Base, Bounded), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				o.await(o.start(b, a("leak.example")))
				b.Close()
				if _, ok := b.(interface{ Wait() }); !ok {
					t.Fatalf("%T has no method Wait, want one", b)
				}
				join(t, b)
			}},
	}
}
