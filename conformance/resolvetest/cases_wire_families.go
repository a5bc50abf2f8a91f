package resolvetest

import (
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// families is a lookup of both families of a host.
type families struct {
	*wired
	n       int
	partial []resolve.Type
	answer  resolve.HostAnswer
	err     error
}

// both looks both families of a host up, over the wire.
func (w *wired) both(name string) *families {
	f := &families{wired: w}
	(&resolve.Host{Strategy: w.resolver}).Start(&resolve.HostQuery{
		Name: name, Inbox: w.inbox,
		Partial: func(ans resolve.Answer) { f.partial = append(f.partial, ans.Question.Type) },
		Done:    func(ans resolve.HostAnswer, err error) { f.n, f.answer, f.err = f.n+1, ans, err },
	})
	return f
}

// has fails the case unless the lookup ends with these addresses, in any order.
func (f *families) has(want ...string) {
	f.t.Helper()
	f.until("the host", func() bool { return f.n > 0 })
	got := f.answer.Addrs()
	slices.SortFunc(got, netip.Addr.Compare)
	if f.err != nil || !slices.Equal(got, addrs(want...)) {
		f.t.Errorf("got %v, %v, want %v", got, f.err, want)
	}
}

func ofType(typ dnsmessage.Type) func(q *arrival) bool {
	return func(q *arrival) bool { return q.question().Type == typ }
}

func familyCases() []Case {
	return []Case{
		{ID: "wire/one-family-late", Doc: "resolve.HostQuery.Partial", Rule: "The family that is answered first is delivered before the other one is answered.",
			Source: "RFC 8305, section 3", Needs: needs(Wire), Run: func(t T, p Fixture) {
				for _, first := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
					second := dnsmessage.TypeA + dnsmessage.TypeAAAA - first
					w := p.wire(t, WireOptions{}, func(q *arrival) {
						if q.question().Type == first {
							q.reply()
						}
					})
					f := w.both("one.example")
					held := w.servers[0].nextOf(ofType(second))
					w.until("the first family", func() bool { return len(f.partial) > 0 })
					if f.n > 0 || f.partial[0] != resolve.Type(first) {
						t.Errorf("got the families %v, and the end: %v, want %v only", f.partial, f.n > 0, first)
					}
					held.reply()
					f.has("192.0.2.1", "2001:db8::1")
				}
			}},
		{ID: "wire/one-family-never", Doc: "resolve.Host", Rule: "A server that drops the queries for one family delays the end by the timeout, and does not void the other family.",
			Source: "go net", Needs: needs(Wire), Run: func(t T, p Fixture) {
				// A slow machine may lose the family that is answered as well.
				w := p.wire(t, WireOptions{Timeout: 5 * soon}, func(q *arrival) {
					if q.question().Type == dnsmessage.TypeA {
						q.reply()
					}
				})
				for {
					f := w.both("one.example")
					w.until("the host", func() bool { return f.n > 0 })
					if f.err == nil {
						f.has("192.0.2.1")
						return
					}
					if !errors.Is(f.err, resolve.ErrTimeout) {
						t.Fatalf("got %v, want an answer or a timeout", f.err)
					}
				}
			}},
		{ID: "wire/one-family-fails", Doc: "resolve.Host", Rule: "An error for one family, or no data, does not void the other family, and the end does not wait.",
			Source: "go#17448, c-ares SearchDomainsServFailOnAAAA", Needs: needs(Wire), Run: func(t T, p Fixture) {
				for _, bad := range [][]edit{{empty, withSOA}, {empty}, {rcode(dnsmessage.RCodeServerFailure)}} {
					w := p.wire(t, WireOptions{}, func(q *arrival) {
						if q.question().Type == dnsmessage.TypeA {
							q.reply()
						} else {
							q.reply(bad...)
						}
					})
					w.both("one.example").has("192.0.2.1")
				}
			}},
	}
}
