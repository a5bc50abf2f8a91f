package resolvetest

import (
	"errors"
	"net"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// hostCall is a HostQuery and its result.
type hostCall struct {
	*resolve.HostQuery
	name    string
	next    *upstream
	owner   *owner
	n       int
	partial []resolve.Type
	answer  resolve.HostAnswer
	err     error
}

func (p Fixture) host(t T, order resolve.Order, name string, adjust func(*resolve.HostQuery)) *hostCall {
	return startHost(t, func(next resolve.Strategy) Resolver { return p.Host(next, order) }, name, adjust)
}

func startHost(t T, open func(next resolve.Strategy) Resolver, name string, adjust func(*resolve.HostQuery)) *hostCall {
	t.Helper()
	c := &hostCall{name: name, next: &upstream{t: t}, owner: newOwner(t)}
	c.HostQuery = &resolve.HostQuery{Name: name, Inbox: c.owner.inbox}
	c.Partial = func(ans resolve.Answer) { c.partial = append(c.partial, ans.Question.Type) }
	c.HostQuery.Done = func(ans resolve.HostAnswer, err error) {
		c.n++
		c.answer, c.err = ans, err
	}
	if adjust != nil {
		adjust(c.HostQuery)
	}
	open(c.next).Start(c.HostQuery)
	if c.n != 0 || len(c.partial) != 0 {
		t.Fatalf("Done was called before Start returned")
	}
	return c
}

// tell completes the question of type typ.
func (c *hostCall) tell(typ resolve.Type, cause error, texts ...string) {
	c.owner.t.Helper()
	c.next.mu.Lock()
	i := slices.IndexFunc(c.next.started, func(q *resolve.Query) bool { return q.Question.Type == typ })
	c.next.mu.Unlock()
	if i < 0 {
		c.owner.t.Fatalf("type %v was not asked for", typ)
	}
	c.next.mu.Lock()
	q := c.next.started[i]
	c.next.mu.Unlock()
	if cause != nil {
		q.Finish(resolve.Answer{}, failure(q.Question, cause))
	} else {
		q.Finish(answer(q.Question, texts...), nil)
	}
	c.owner.run()
}

func (c *hostCall) await() {
	c.owner.t.Helper()
	c.owner.until("the host", func() bool { return c.n > 0 })
	if c.n != 1 {
		c.owner.t.Errorf("got %d completions, want 1", c.n)
	}
}

func (c *hostCall) has(want ...string) {
	c.owner.t.Helper()
	c.await()
	if c.err != nil || !slices.Equal(c.answer.Addrs(), addrs(want...)) {
		c.owner.t.Errorf("got %v, %v, want %v", c.answer.Addrs(), c.err, want)
	}
}

const typeA, typeAAAA = resolve.TypeA, resolve.TypeAAAA

func hostCases() []Case {
	return []Case{
		{ID: "host/both-at-once", Doc: "resolve.Host", Rule: "A and AAAA are asked concurrently, once each, and both are in the answer.", Needs: needs(Host),
			Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderRFC6724, "one.example", nil)
				c.next.asked(2, "both families")
				c.tell(typeAAAA, nil, "2001:db8::1")
				c.tell(typeA, nil, "192.0.2.1")
				c.has("2001:db8::1", "192.0.2.1")
			}},
		{ID: "host/partial", Doc: "resolve.HostQuery.Partial", Rule: "Each family is delivered on arrival, before the whole answer. A family that fails is not delivered.",
			Source: "RFC 8305, section 3", Needs: needs(Host), Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderRFC6724, "one.example", nil)
				c.tell(typeA, nil, "192.0.2.1")
				if !slices.Equal(c.partial, []resolve.Type{typeA}) || c.n != 0 {
					t.Errorf("after A: delivered %v, %d completions, want A and no completion", c.partial, c.n)
				}
				c.tell(typeAAAA, nil, "2001:db8::1")
				c.await()
				if !slices.Equal(c.partial, []resolve.Type{typeA, typeAAAA}) {
					t.Errorf("delivered %v, want A, then AAAA", c.partial)
				}
				c = p.host(t, resolve.OrderRFC6724, "one.example", nil)
				c.tell(typeAAAA, resolve.ErrNoData)
				c.tell(typeA, nil, "192.0.2.1")
				c.await()
				if !slices.Equal(c.partial, []resolve.Type{typeA}) {
					t.Errorf("delivered %v, want only A", c.partial)
				}
			}},
		{ID: "host/one-family", Doc: "resolve.Host", Rule: "A family without data, or a failed one, is not an error if the other has addresses.",
			Source: "RFC 2308, section 2.2; go#17448", Needs: needs(Host), Run: func(t T, p Fixture) {
				for _, cause := range []error{resolve.ErrNoData, resolve.ErrNotFound, resolve.ErrServFail, resolve.ErrTimeout} {
					c := p.host(t, resolve.OrderRFC6724, "one.example", nil)
					c.tell(typeAAAA, cause)
					c.tell(typeA, nil, "192.0.2.1")
					c.has("192.0.2.1")
					isError(t, "V6Err", c.answer.V6Err, cause)
					c = p.host(t, resolve.OrderRFC6724, "one.example", nil)
					c.tell(typeA, cause)
					c.tell(typeAAAA, nil, "2001:db8::1")
					c.has("2001:db8::1")
					isError(t, "V4Err", c.answer.V4Err, cause)
				}
			}},
		{ID: "host/both-fail", Doc: "resolve.Host.Start", Rule: "If both families fail, a failure that leaves open whether addresses exist takes precedence over ErrNoData, which takes precedence over ErrNotFound.",
			Needs: needs(Host), Run: func(t T, p Fixture) {
				for _, x := range []struct{ v6, v4, want error }{
					{resolve.ErrNotFound, resolve.ErrNotFound, resolve.ErrNotFound},
					{resolve.ErrNoData, resolve.ErrNotFound, resolve.ErrNoData},
					{resolve.ErrNotFound, resolve.ErrNoData, resolve.ErrNoData},
					{resolve.ErrServFail, resolve.ErrNotFound, resolve.ErrServFail},
					{resolve.ErrNoData, resolve.ErrTimeout, resolve.ErrTimeout},
				} {
					c := p.host(t, resolve.OrderRFC6724, "One.Example", nil)
					c.tell(typeAAAA, x.v6)
					c.tell(typeA, x.v4)
					c.await()
					isError(t, "host", c.err, x.want)
				}
			}},
		{ID: "host/names-the-host", Doc: "resolve.Host", Rule: "Errors name the host as the caller wrote it. A malformed name is ErrName, which arrives through the inbox.",
			Source: "go#6324", Needs: needs(Host), Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderRFC6724, "One.Example.", nil)
				c.tell(typeAAAA, resolve.ErrNotFound)
				c.tell(typeA, resolve.ErrNotFound)
				c.await()
				namesHost(t, c)
				for _, name := range []string{"", "a..b", "127.1", "b\u00fccher.example", "a b"} {
					c = p.host(t, resolve.OrderRFC6724, name, nil)
					c.await()
					isError(t, name, c.err, resolve.ErrName)
					namesHost(t, c)
					c.next.asked(0, "a malformed name")
				}
			}},
		{ID: "host/family", Doc: "resolve.HostQuery", Rule: "A family that is not wanted is not asked for.", Needs: needs(Host), Run: func(t T, p Fixture) {
			c := p.host(t, resolve.OrderRFC6724, "one.example", func(hq *resolve.HostQuery) { hq.Family = resolve.FamilyV4 })
			c.next.asked(1, "IPv4 alone")
			c.tell(typeA, nil, "192.0.2.1")
			c.has("192.0.2.1")
			c = p.host(t, resolve.OrderRFC6724, "one.example", func(hq *resolve.HostQuery) { hq.Family = resolve.FamilyV6 })
			c.next.asked(1, "IPv6 alone")
			c.tell(typeAAAA, resolve.ErrNoData)
			c.await()
			isError(t, "IPv6 alone", c.err, resolve.ErrNoData)
		}},
		{ID: "host/deadline", Doc: "resolve.HostQuery.Deadline", Rule: "At the deadline the addresses received so far are delivered. If there are none, the error is ErrTimeout.", Source: "RFC 8305, section 3", Needs: needs(Host),
			Run: func(t T, p Fixture) {
				by := func(d time.Duration) func(*resolve.HostQuery) {
					return func(hq *resolve.HostQuery) { hq.Deadline = time.Now().Add(d) }
				}
				// A machine may be too slow to deliver one family before the deadline. Such an
				// attempt proves nothing.
				wait, late := soon, true
				var c *hostCall
				for ; late; wait *= 2 {
					c = p.host(t, resolve.OrderRFC6724, "one.example", by(wait))
					c.tell(typeA, nil, "192.0.2.1")
					late = !time.Now().Before(c.Deadline)
				}
				c.has("192.0.2.1")
				isError(t, "V6Err", c.answer.V6Err, resolve.ErrTimeout)
				c = p.host(t, resolve.OrderRFC6724, "one.example", by(soon))
				c.await()
				isError(t, "nothing arrived", c.err, resolve.ErrTimeout)
			}},
		{ID: "host/cancel", Doc: "resolve.HostQuery.Cancel", Rule: "Cancel ends both questions. Done is called once, with ErrCanceled if no family has answered.", Needs: needs(Host),
			Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderRFC6724, "one.example", nil)
				c.tell(typeAAAA, resolve.ErrServFail)
				c.HostQuery.Cancel()
				c.await()
				isError(t, "canceled", c.err, resolve.ErrCanceled)
				if c.next.stops() != 1 {
					t.Errorf("%d questions were stopped, want only the one in flight", c.next.stops())
				}
			}},
		{ID: "host/order-6724", Doc: "resolve.Host", Rule: "Addresses are sorted by precedence and scope (RFC 6724, rules 6 and 8), and otherwise keep the order of the servers.",
			Source: "RFC 6724, section 2.1", Needs: needs(Host), Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderRFC6724, "one.example", nil)
				c.tell(typeAAAA, nil, "fd00::1", "2001::1", "2002::1", "2001:db8::2", "fe80::1%eth0", "2001:db8::1", "::1")
				c.tell(typeA, nil, "192.0.2.2", "127.0.0.1", "192.0.2.1")
				c.has("::1", "fe80::1%eth0", "2001:db8::2", "2001:db8::1", "127.0.0.1", "192.0.2.2", "192.0.2.1", "2002::1", "2001::1", "fd00::1")
			}},
		{ID: "host/order-interleave", Doc: "resolve.Host", Rule: "OrderInterleave alternates the families, beginning with that of the first address.",
			Source: "RFC 8305, section 4", Needs: needs(Host), Run: func(t T, p Fixture) {
				c := p.host(t, resolve.OrderInterleave, "one.example", nil)
				c.tell(typeAAAA, nil, "2001:db8::1", "2001:db8::2", "2001:db8::3")
				c.tell(typeA, nil, "192.0.2.1", "192.0.2.2")
				c.has("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "2001:db8::3")
				c = p.host(t, resolve.OrderInterleave, "one.example", nil)
				c.tell(typeAAAA, nil, "fd00::1", "fd00::2")
				c.tell(typeA, nil, "192.0.2.1", "192.0.2.2")
				c.has("192.0.2.1", "fd00::1", "192.0.2.2", "fd00::2")
			}},
		{ID: "host/try", Doc: "resolve.Host.Try", Rule: "Try answers if both families are in memory, and returns ErrWouldBlock otherwise.", Needs: needs(Host),
			Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				h := p.Host(u, resolve.OrderRFC6724)
				u.try = func(q resolve.Question) (resolve.Answer, error) {
					if q.Type == typeAAAA {
						return resolve.Answer{}, failure(q, resolve.ErrNoData)
					}
					return fixed(q)
				}
				got, err := h.Try("one.example", resolve.FamilyBoth)
				if err != nil || !slices.Equal(got.Addrs(), addrs("192.0.2.1")) {
					t.Errorf("got %v, %v, want the A address only", got.Addrs(), err)
				}
				for _, absent := range []resolve.Type{typeA, typeAAAA} {
					u.try = func(q resolve.Question) (resolve.Answer, error) {
						if q.Type == absent {
							return resolve.Answer{}, resolve.ErrWouldBlock
						}
						return fixed(q)
					}
					_, err = h.Try("one.example", resolve.FamilyBoth)
					isError(t, "Try with one family in memory", err, resolve.ErrWouldBlock)
				}
			}},
	}
}

func namesHost(t T, c *hostCall) {
	t.Helper()
	var dns *net.DNSError
	if !errors.As(c.err, &dns) || dns.Name != c.name {
		t.Errorf("%v as net.DNSError: got %+v, want the name %q", c.err, dns, c.name)
	}
}
