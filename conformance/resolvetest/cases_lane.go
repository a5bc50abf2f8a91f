package resolvetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// laneFixture is a pool of four workers whose lookups are slow when the case says so.
type laneFixture struct {
	t      T
	clock  *clock
	script *script
	base   resolve.Strategy
	owner  *owner
}

const laneSlow = time.Second

func (p Fixture) lane(t T, queued int) *laneFixture {
	t.Helper()
	f := &laneFixture{t: t, clock: newClock(), script: newScript(t, nil), owner: newOwner(t)}
	f.base = p.base(t, f.script, resolve.PoolOptions{Workers: 4, MaxQueued: queued, SlowAfter: laneSlow, Clock: f.clock.Now})
	return f
}

func (f *laneFixture) start(format string, args ...any) *call {
	return f.owner.start(f.base, a(fmt.Sprintf(format, args...)))
}

// known runs a lookup of the name that takes took.
func (f *laneFixture) known(name string, took time.Duration) {
	f.t.Helper()
	c := f.start("%s", name)
	l := f.script.next()
	f.clock.advance(took)
	l.release(fixed(l.question))
	f.owner.await(c)
}

// next fails the case unless the next lookup is of that name.
func (f *laneFixture) next(format string, args ...any) *lookup {
	f.t.Helper()
	l := f.script.next()
	if want := fmt.Sprintf(format, args...); l.question.Name.String() != want {
		f.t.Errorf("next lookup: got %v, want one of %s", l.question, want)
	}
	return l
}

func laneCases() []Case {
	return []Case{
		{ID: "lane/unknown-leave-one", Doc: "resolve.Pool", Rule: "With SlowAfter, names that are unknown leave one worker for the names known to be fast.", Source: "go#63978",
			Needs: needs(Base, Async, Bounded, SlowLane), Run: func(t T, p Fixture) {
				f := p.lane(t, 64)
				f.known("fast.example", 0)
				for i := range 10 {
					f.start("u%d.example", i)
					if i < 3 {
						f.next("u%d.example", i)
					}
				}
				c := f.start("fast.example")
				l := f.next("fast.example")
				l.release(fixed(l.question))
				f.owner.await(c)
				c.holds("192.0.2.1")
			}},
		{ID: "lane/slow-half", Doc: "resolve.Pool", Rule: "Names known to be slow occupy at most half of the workers, rounded up. Unknown and fast names get the others.", Source: "libuv#1845",
			Needs: needs(Base, Async, Bounded, SlowLane), Run: func(t T, p Fixture) {
				f := p.lane(t, 64)
				f.known("fast.example", laneSlow)
				for i := range 4 {
					f.known(fmt.Sprintf("slow%d.example", i), 2*laneSlow)
				}
				f.start("slow0.example")
				first := f.next("slow0.example")
				f.start("slow1.example")
				f.next("slow1.example")
				f.start("slow2.example")
				f.start("slow3.example")
				f.start("unknown.example")
				f.next("unknown.example")
				f.start("fast.example")
				f.next("fast.example")
				first.release(fixed(first.question))
				f.next("slow2.example")
			}},
		{ID: "lane/slow-while-running", Doc: "resolve.Pool", Rule: "A name is slow from the moment its lookup takes longer than SlowAfter, and not only when the lookup ends.",
			Needs: needs(Base, Async, Bounded, SlowLane), Run: func(t T, p Fixture) {
				f := p.lane(t, 64)
				for _, name := range []string{"one.example", "two.example"} {
					f.start("%s", name)
					f.next("%s", name)
				}
				f.clock.advance(2 * laneSlow)
				f.start("one.example")
				f.start("three.example")
				f.next("three.example")
			}},
		{ID: "lane/queue-share", Doc: "resolve.Pool", Rule: "Unknown and slow names fill at most half of the queue, so that fast names still find room.",
			Needs: needs(Base, Async, Bounded, SlowLane), Run: func(t T, p Fixture) {
				f := p.lane(t, 4)
				f.known("fast.example", 0)
				for i := range 3 {
					f.start("u%d.example", i)
					f.next("u%d.example", i)
				}
				f.start("fast.example")
				f.next("fast.example")
				f.start("u3.example")
				f.start("u4.example")
				c := f.start("u5.example")
				f.owner.await(c)
				c.fails(resolve.ErrQueueFull)
				fast := []*call{f.start("fast.example"), f.start("fast.example"), f.start("fast.example")}
				f.owner.await(fast[2])
				fast[2].fails(resolve.ErrQueueFull)
				if n := fast[0].completions() + fast[1].completions(); n != 0 {
					t.Errorf("fast names: got %d completions, want them queued", n)
				}
			}},
		{ID: "lane/fast-again", Doc: "resolve.Pool", Rule: "A slow name whose last lookup was fast is fast.", Needs: needs(Base, Async, Bounded, SlowLane), Run: func(t T, p Fixture) {
			f := p.lane(t, 64)
			f.known("one.example", 2*laneSlow)
			f.known("one.example", 0)
			for i := range 4 {
				f.start("u%d.example", i)
				if i < 3 {
					f.next("u%d.example", i)
				}
			}
			f.start("one.example")
			f.next("one.example")
		}},
		{ID: "bound/spares", Doc: "resolve.PoolOptions", Rule: "With MaxSpares, a lookup that ignores the end of its query does not keep a place. No more places than that are replaced.",
			Source: "go#63978", Needs: needs(Base, Async, Bounded, Spares), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, nil)
				s.heedless = true
				b := p.base(t, s, resolve.PoolOptions{Workers: 1, MaxQueued: 1, MaxSpares: 1})
				one := o.start(b, a("one.example"))
				first := s.next()
				one.Cancel()
				two := o.start(b, a("two.example"))
				second := s.next()
				two.Cancel()
				three, four := o.start(b, a("three.example")), o.start(b, a("four.example"))
				o.await(four) // three waits, because it fills the queue
				four.fails(resolve.ErrQueueFull)
				second.release(fixed(second.question))
				third := s.next()
				third.release(fixed(third.question))
				o.await(one, two, three)
				o.once(one, two, three, four)
				three.holds("192.0.2.1")
				first.release(fixed(first.question))
				five := o.start(b, a("five.example"))
				fifth := s.next()
				fifth.release(fixed(fifth.question))
				o.await(five)
				five.holds("192.0.2.1")
			}},
		{ID: "error/panic", Doc: "resolve.Lookup", Rule: "A panic in a lookup fails its query with a PanicError that has its value. Later queries are answered.",
			Needs: needs(Base, Lookup), Run: func(t T, p Fixture) {
				reason := errors.New("odd name")
				o, s := newOwner(t), newScript(t, func(q resolve.Question) (resolve.Answer, error) {
					if q.Name.String() == "panic.example" {
						panic(reason)
					}
					return fixed(q)
				})
				b := p.base(t, s, roomy)
				for range 2 * roomy.Workers {
					c := o.start(b, a("panic.example"))
					o.await(c)
					o.once(c)
					c.fails(reason)
					var panicked *resolve.PanicError
					if c.mu.Lock(); !errors.As(c.err, &panicked) || len(panicked.Stack) == 0 {
						t.Errorf("got %v, want a PanicError with a stack", c.err)
					}
					c.mu.Unlock()
				}
				c := o.start(b, a("one.example"))
				o.await(c)
				c.holds("192.0.2.1")
			}},
	}
}
