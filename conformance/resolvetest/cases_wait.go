package resolvetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func waitCases() []Case {
	one := a("one.example")
	return []Case{
		{ID: "wait/tries-first", Doc: "resolve.Wait", Rule: "If Try answers from memory, even negatively, Wait returns that answer and starts no query.", Needs: needs(Wait),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t, try: fixed}
				ctx, cancel := context.WithTimeout(t.Context(), t.Patience())
				defer cancel()
				got, err := p.Wait(ctx, u, one)
				holds(t, "from memory", got, err, "192.0.2.1")
				u.try = func(q resolve.Question) (resolve.Answer, error) {
					return resolve.Answer{}, failure(q, resolve.ErrNoData)
				}
				_, err = p.Wait(ctx, u, one)
				isError(t, "negative answer from memory", err, resolve.ErrNoData)
				u.asked(0, "a question that Try answers")
			}},
		{ID: "wait/blocks", Doc: "resolve.Wait", Rule: "Wait blocks the caller until the query completes.", Needs: needs(Wait), Run: func(t T, p Fixture) {
			u := &upstream{t: t}
			r := waiting(t, p, t.Context(), u)
			u.finish(0, answer(one, "192.0.2.1"), nil)
			got := r()
			holds(t, "Wait", got.answer, got.err, "192.0.2.1")
		}},
		{ID: "wait/context-canceled", Doc: "resolve.Wait", Rule: "Wait returns ErrCanceled when its context is canceled first, and the query is stopped.", Needs: needs(Wait),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				ctx, cancel := context.WithCancel(t.Context())
				r := waiting(t, p, ctx, u)
				cancel()
				isError(t, "Wait", r().err, resolve.ErrCanceled)
				if u.stops() != 1 {
					t.Errorf("%d queries were stopped, want 1", u.stops())
				}
			}},
		{ID: "wait/context-deadline", Doc: "resolve.Wait", Rule: "Wait returns ErrTimeout when the deadline of its context passes first.", Needs: needs(Wait),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				ctx, cancel := context.WithTimeout(t.Context(), soon)
				defer cancel()
				// On a busy machine the deadline may pass before the query has started.
				isError(t, "Wait", waited(t, begin(p, ctx, u)).err, resolve.ErrTimeout)
			}},
		{ID: "wait/stack", Doc: "resolve.Wait", Rule: "All parts together serve any number of goroutines at once.",
			Needs: needs(Base, Literal, Static, Hosts, Cache, Coalesce, Wait), Run: waitStack},
	}
}

// begin calls Wait on a goroutine.
func begin(p Fixture, ctx context.Context, u *upstream) <-chan result {
	got := make(chan result, 1)
	go func() {
		ans, err := p.Wait(ctx, u, a("one.example"))
		got <- result{ans, err}
	}()
	return got
}

// waited returns the result of a Wait that begin has started.
func waited(t T, got <-chan result) result {
	t.Helper()
	return suite.Receive(t, "return of Wait", got)
}

// waiting calls Wait on a goroutine. After the query has started, it returns a function that gives
// the result.
func waiting(t T, p Fixture, ctx context.Context, u *upstream) func() result {
	t.Helper()
	got := begin(p, ctx, u)
	suite.Until(t, "start of the query by Wait", func() bool { return u.count() > 0 || len(got) > 0 })
	if u.count() == 0 {
		r := <-got
		t.Fatalf("Wait returned %v, %v before the query started", r.answer.AppendAddrs(nil), r.err)
	}
	return func() result {
		t.Helper()
		return waited(t, got)
	}
}

func waitStack(t T, p Fixture) {
	s := newScript(t, func(q resolve.Question) (resolve.Answer, error) {
		if q.Type == typeAAAA {
			return resolve.Answer{}, failure(q, resolve.ErrNotFound)
		}
		return fixed(q)
	})
	top := p.Coalesce(0, p.base(t, s, resolve.PoolOptions{Workers: 4, MaxQueued: 64}))
	top, err := p.Cache(resolve.CacheOptions{MaxBytes: 64 << 10, MaxNegativeBytes: 64 << 10}, top)
	if err != nil {
		t.Fatalf("cache: %v", err)
	}
	f := p.hosts(t, hostsText, nil)
	if top, err = p.Hosts(resolve.HostsOptions{Path: f.path, Interval: time.Nanosecond}, top); err != nil {
		t.Fatalf("hosts: %v", err)
	}
	top = p.Literal(p.static(t, nil, top))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 25 {
				check(t, p, top, a(fmt.Sprintf("n%d.example", (g+i)%16)), "192.0.2.1", nil)
				check(t, p, top, aaaa(fmt.Sprintf("n%d.example", i%16)), "", resolve.ErrNotFound)
				check(t, p, top, a("two.example"), "10.0.0.1", nil)
				check(t, p, top, aaaa("fe80::1%eth0"), "fe80::1%eth0", nil)
			}
		})
	}
	wg.Wait()
}

func check(t T, p Fixture, s resolve.Strategy, q resolve.Question, first string, cause error) {
	ctx, cancel := context.WithTimeout(t.Context(), t.Patience())
	defer cancel()
	ans, err := p.Wait(ctx, s, q)
	if !errors.Is(err, cause) || err == nil && (ans.Len() == 0 || ans.Addr(0).String() != first) {
		t.Errorf("%v: got %v, %v, want %q, %v", q, ans.AppendAddrs(nil), err, first, cause)
	}
}
