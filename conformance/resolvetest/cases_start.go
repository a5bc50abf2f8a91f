package resolvetest

import (
	"errors"
	"fmt"
	"net"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func startCases() []Case {
	return []Case{
		{ID: "start/answers", Doc: "resolve.Strategy.Start", Rule: "A started query completes with the answer to its question.", Needs: needs(Base),
			Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c4, c6 := o.start(b, a("one.example")), o.start(b, aaaa("one.example"))
				o.await(c4, c6)
				c4.holds("192.0.2.1")
				c6.holds("2001:db8::1")
				if c4.answer.Question != c4.Question {
					t.Errorf("got an answer to %v, want %v", c4.answer.Question, c4.Question)
				}
			}},
		{ID: "start/exactly-once", Doc: "resolve.Strategy.Start", Rule: "Done is called exactly once, whatever happens.",
			Source: "c-ares CVE-2026-33630", Needs: needs(Base), Run: exactlyOnce},
		{ID: "start/only-in-run", Doc: "resolve.Strategy.Start", Rule: "Only Run of the inbox calls Done: neither Start nor another goroutine does.",
			Needs: needs(Base), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c := o.start(b, a("run.example"))
				if c.completions() != 0 {
					t.Fatalf("Done was called before Start returned")
				}
				suite.Receive(t, "a wake of the owner", o.ready)
				if c.completions() != 0 {
					t.Fatalf("Done was called outside of Run")
				}
				o.await(c)
				o.once(c)
			}},
		{ID: "start/asks-once", Doc: "resolve.Strategy.Start", Rule: "One started query causes one lookup.", Needs: needs(Base, Lookup), Run: func(t T, p Fixture) {
			o, s := newOwner(t), newScript(t, fixed)
			b := p.base(t, s, roomy)
			o.await(o.start(b, a("once.example")))
			if s.lookups() != 1 {
				t.Errorf("got %d lookups, want 1", s.lookups())
			}
		}},
		{ID: "start/no-name", Doc: "resolve.Strategy.Start", Rule: "A query without a name completes with ErrName, and no lookup starts.", Needs: needs(Base),
			Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, fixed)
				b := p.base(t, s, roomy)
				c := o.start(b, resolve.Question{Type: resolve.TypeA, Class: resolve.ClassINET})
				o.await(c)
				c.fails(resolve.ErrName)
				if s.lookups() != 0 {
					t.Errorf("got %d lookups, want none", s.lookups())
				}
			}},
		{ID: "try/does-not-ask", Doc: "resolve.Strategy.Try", Rule: "Try answers from memory or returns ErrWouldBlock, and no lookup starts.", Needs: needs(Base),
			Run: func(t T, p Fixture) {
				s := newScript(t, fixed)
				b := p.base(t, s, roomy)
				_, err := b.Try(a("one.example"))
				isError(t, "Try", err, resolve.ErrWouldBlock)
				var w interface{ WouldBlock() bool }
				if !errors.As(err, &w) || !w.WouldBlock() {
					t.Errorf("%v has no method WouldBlock that returns true", err)
				}
				if s.lookups() != 0 {
					t.Errorf("got %d lookups, want none", s.lookups())
				}
			}},
	}
}

func exactlyOnce(t T, p Fixture) {
	o := newOwner(t)
	s := newScript(t, func(q resolve.Question) (resolve.Answer, error) {
		if q.Name.String()[0] == 'f' {
			return resolve.Answer{}, failure(q, resolve.ErrNotFound)
		}
		return fixed(q)
	})
	b := p.base(t, s, roomy)
	var calls []*call
	for i := range 16 {
		calls = append(calls, o.start(b, a(fmt.Sprintf("%c%d.example", "of"[i%2], i))))
	}
	o.await(calls...)
	// This is the fence: after Close and the end of the goroutines, no completion can arrive.
	b.Close()
	join(t, b)
	o.once(calls...)
}

// join waits for the goroutines of a closed strategy, if it has a method Wait.
func join(t T, s resolve.Strategy) {
	t.Helper()
	w, ok := s.(interface{ Wait() })
	if !ok {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Wait()
	}()
	suite.Receive(t, "end of all goroutines after Close", ended)
}

func errorCases() []Case {
	return []Case{
		{ID: "error/kinds", Doc: "resolve.Error", Rule: "ErrNotFound and ErrServFail arrive unchanged, in an *Error that names the question.", Needs: needs(Base),
			Run: func(t T, p Fixture) {
				kinds(t, p, map[string]error{"nx.example": resolve.ErrNotFound, "bad.example": resolve.ErrServFail})
			}},
		{ID: "error/no-data", Doc: "resolve.Error", Rule: "A name without data of the type is ErrNoData, not ErrNotFound (RFC 2308, section 2.2).",
			Needs: needs(Base, Precise), Run: func(t T, p Fixture) {
				kinds(t, p, map[string]error{"nodata.example": resolve.ErrNoData})
			}},
		{ID: "error/dns-error", Doc: "resolve.Error", Rule: "errors.As finds a *net.DNSError and a net.Error that reports whether to try again.", Needs: needs(Base),
			Run: func(t T, p Fixture) {
				o := newOwner(t)
				s := newScript(t, func(q resolve.Question) (resolve.Answer, error) {
					if q.Name.String() == "nx.example" {
						return resolve.Answer{}, failure(q, resolve.ErrNotFound)
					}
					return resolve.Answer{}, failure(q, resolve.ErrServFail)
				})
				b := p.base(t, s, roomy)
				nx, bad := o.start(b, a("nx.example")), o.start(b, a("bad.example"))
				o.await(nx, bad)
				var dns *net.DNSError
				if !errors.As(nx.err, &dns) || !dns.IsNotFound || dns.Name != "nx.example" || dns.IsTemporary {
					t.Errorf("%v as net.DNSError: got %+v, want IsNotFound for nx.example", nx.err, dns)
				}
				var e net.Error
				if !errors.As(bad.err, &e) || e.Timeout() || !errors.As(bad.err, &dns) || !dns.IsTemporary || dns.IsNotFound {
					t.Errorf("%v as net.DNSError: got %+v, want IsTemporary", bad.err, dns)
				}
			}},
		{ID: "error/foreign", Doc: "resolve.Error", Rule: "An unknown error of the lookup arrives wrapped in an *Error and is not swallowed.",
			Needs: needs(Base, Lookup), Run: func(t T, p Fixture) {
				own := errors.New("own error")
				o, s := newOwner(t), newScript(t, func(resolve.Question) (resolve.Answer, error) { return resolve.Answer{}, own })
				b := p.base(t, s, roomy)
				c := o.start(b, a("one.example"))
				o.await(c)
				c.fails(own)
				namesQuestion(t, c)
			}},
		{ID: "error/other-question", Doc: "resolve.Error", Rule: "An answer to another question is refused.", Source: "DNSpooq CVE-2020-25684",
			Needs: needs(Base, Lookup), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, func(resolve.Question) (resolve.Answer, error) { return fixed(a("other.example")) })
				b := p.base(t, s, roomy)
				c := o.start(b, a("one.example"))
				o.await(c)
				c.fails(resolve.ErrServFail)
			}},
		{ID: "error/empty-answer", Doc: "resolve.Error", Rule: "An answer without addresses to a question for addresses is ErrNoData.",
			Needs: needs(Base, Precise), Run: func(t T, p Fixture) {
				o, s := newOwner(t), newScript(t, func(q resolve.Question) (resolve.Answer, error) { return answer(q), nil })
				b := p.base(t, s, roomy)
				c := o.start(b, a("one.example"))
				o.await(c)
				c.fails(resolve.ErrNoData)
			}},
	}
}

func kinds(t T, p Fixture, want map[string]error) {
	t.Helper()
	o := newOwner(t)
	s := newScript(t, func(q resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, failure(q, want[q.Name.String()])
	})
	b := p.base(t, s, roomy)
	for name, cause := range want {
		c := o.start(b, a(name))
		o.await(c)
		c.fails(cause)
		namesQuestion(t, c)
	}
}

func namesQuestion(t T, c *call) {
	t.Helper()
	var e *resolve.Error
	if !errors.As(c.err, &e) || e.Question != c.Question {
		t.Errorf("got %v, want an *Error for %v", c.err, c.Question)
	}
}
