package resolvetest

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// zone holds the answers of the strategy under a host, by "A name", by "AAAA name", or for both
// types by "name". Other names do not exist.
type zone map[string]any // an error, or the text of an address

func (z zone) reply(q resolve.Question) (resolve.Answer, error) {
	v, ok := z[q.String()]
	if !ok {
		v, ok = z[q.Name.String()]
	}
	if !ok {
		return resolve.Answer{}, failure(q, resolve.ErrNotFound)
	}
	if err, failed := v.(error); failed {
		return resolve.Answer{}, failure(q, err)
	}
	if ans := answer(q, v.(string)); ans.Len() > 0 {
		return ans, nil
	}
	return resolve.Answer{}, failure(q, resolve.ErrNoData)
}

// searchCall is a host with a search list that asks for one name.
type searchCall struct {
	*hostCall
	z     zone
	asked []string // the absolute names, in their order
}

// searchList has the suffixes a.example and b.example.
func searchList(ndots int) resolve.Search {
	return resolve.Search{Suffixes: names("a.example", "b.example"), Ndots: ndots}
}

func names(texts ...string) []resolve.Name {
	var list []resolve.Name
	for _, text := range texts {
		list = append(list, a(text).Name)
	}
	return list
}

func (p Fixture) search(t T, s resolve.Search, name string, z zone, adjust func(*resolve.HostQuery)) *searchCall {
	t.Helper()
	c := &searchCall{z: z}
	c.hostCall = startHost(t, func(next resolve.Strategy) Resolver { return p.Search(next, s) }, name, adjust)
	return c
}

// step answers the questions in flight, which are those for one absolute name.
func (c *searchCall) step(from int) (asked int) {
	t := c.owner.t
	t.Helper()
	c.next.mu.Lock()
	started := slices.Clone(c.next.started[from:])
	c.next.mu.Unlock()
	if len(started) > 2 {
		t.Fatalf("%d questions in flight, want those for one name", len(started))
	}
	for _, q := range started {
		name := q.Question.Name.String()
		if len(c.asked) == 0 || c.asked[len(c.asked)-1] != name {
			c.asked = append(c.asked, name)
		}
	}
	for _, q := range started {
		q.Finish(c.z.reply(q.Question))
	}
	c.owner.run()
	return from + len(started)
}

// finish answers questions until the host has its result.
func (c *searchCall) finish() *searchCall {
	c.owner.t.Helper()
	for i := 0; c.n == 0; {
		before := i
		if i = c.step(i); i == before {
			break
		}
	}
	c.await()
	return c
}

func (c *searchCall) askedFor(want ...string) {
	c.owner.t.Helper()
	if !slices.Equal(c.asked, want) {
		c.owner.t.Errorf("%q: asked for %q, want %q", c.name, c.asked, want)
	}
}

// searches looks up name by Start, with an answer that the list does not have.
func (p Fixture) searches(t T, s resolve.Search, name string, want ...string) {
	t.Helper()
	c := p.search(t, s, name, nil, nil).finish()
	c.askedFor(want...)
	isError(t, name, c.err, resolve.ErrNotFound)
}

func searchCases() []Case {
	return []Case{
		{ID: "search/order", Doc: "resolve.Search", Rule: "A name with at least Ndots dots is tried as it is, then with each suffix; a name with fewer dots the other way round.",
			Source: "resolv.conf(5)", Needs: needs(Search), Run: func(t T, p Fixture) {
				p.searches(t, searchList(1), "Host", "host.a.example", "host.b.example", "host")
				p.searches(t, searchList(1), "x.y", "x.y", "x.y.a.example", "x.y.b.example")
				p.searches(t, searchList(0), "www", "www", "www.a.example", "www.b.example")
				p.searches(t, searchList(5), "svc.ns", "svc.ns.a.example", "svc.ns.b.example", "svc.ns")
				p.searches(t, resolve.Search{Ndots: 1}, "host", "host")
				root := resolve.Search{Suffixes: names(".", "a.example"), Ndots: 1}
				p.searches(t, root, "host", "host", "host.a.example")
				p.searches(t, root, "x.y", "x.y", "x.y.a.example")
				tld := searchList(1)
				tld.NoTLDQuery = true
				p.searches(t, tld, "host", "host.a.example", "host.b.example")
				p.searches(t, tld, "x.y", "x.y", "x.y.a.example", "x.y.b.example")
			}},
		{ID: "search/first-answer", Doc: "resolve.Search", Rule: "The first absolute name with an address answers, and no other is asked for.", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				c := p.search(t, searchList(1), "host", zone{"host.b.example": "192.0.2.2", "host": "192.0.2.3"}, nil).finish()
				c.has("192.0.2.2")
				c.askedFor("host.a.example", "host.b.example")
			}},
		{ID: "search/absolute-name", Doc: "resolve.HostAnswer.Absolute", Rule: "The answer has the absolute name that answered and the name as the caller wrote it.", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				for name, want := range map[string]string{"Host": "host.b.example", "as.is": "as.is"} {
					c := p.search(t, searchList(1), name, zone{"host.b.example": "192.0.2.2", "as.is": "192.0.2.3"}, nil).finish()
					if c.answer.Name != name || c.answer.Absolute.String() != want {
						t.Errorf("%q: got the names %q and %q, want %q", name, c.answer.Name, c.answer.Absolute, want)
					}
				}
			}},
		{ID: "search/absolute", Doc: "resolve.Search", Rule: "Names with a final dot, IP literals and special names are tried as they are.", Source: "RFC 6761", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				for _, name := range []string{"host.", "localhost", "LocalHost", "x.localhost", "x.onion", "x.invalid", "x.alt", "x.local", "x.test", "x.home.arpa"} {
					p.searches(t, searchList(5), name, strings.ToLower(strings.TrimSuffix(name, ".")))
				}
				p.searches(t, searchList(5), "192.0.2.1", "192.0.2.1")
				p.searches(t, searchList(5), "2001:db8::1", "2001:db8::1")
				p.searches(t, searchList(1), "test", "test.a.example", "test.b.example", "test")
			}},
		{ID: "search/one-name", Doc: "resolve.Search", Rule: "Addresses of different absolute names are never mixed.", Source: "go#11081", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				c := p.search(t, searchList(1), "host", zone{"host.a.example": "192.0.2.1", "host.b.example": "2001:db8::2"}, nil).finish()
				c.has("192.0.2.1")
				c.askedFor("host.a.example")
				c = p.search(t, searchList(1), "host", zone{"A host.a.example": "192.0.2.1", "AAAA host.a.example": resolve.ErrServFail, "host.b.example": "2001:db8::2"}, nil).finish()
				c.has("192.0.2.1")
			}},
		{ID: "search/no-data", Doc: "resolve.Search", Rule: "ErrNoData of one absolute name takes precedence over ErrNotFound of others.", Source: "c-ares SearchNoDataThenNoDataBare",
			Needs: needs(Search), Run: func(t T, p Fixture) {
				c := p.search(t, searchList(1), "host", zone{"host.a.example": resolve.ErrNoData}, nil).finish()
				c.askedFor("host.a.example", "host.b.example", "host")
				isError(t, "no data with the first suffix", c.err, resolve.ErrNoData)
			}},
		{ID: "search/strict", Doc: "resolve.Search", Rule: "A failure that leaves open whether an absolute name has an address ends the search, unless a name without dots was tried as it is.",
			Needs: needs(Search), Run: func(t T, p Fixture) {
				for _, cause := range []error{resolve.ErrServFail, resolve.ErrTimeout, resolve.ErrQueueFull} {
					c := p.search(t, searchList(1), "host", zone{"host.a.example": cause, "host.b.example": "192.0.2.2"}, nil).finish()
					c.askedFor("host.a.example")
					isError(t, "failure with a suffix", c.err, cause)
					c = p.search(t, searchList(1), "host", zone{"A host.a.example": resolve.ErrNoData, "AAAA host.a.example": cause, "host.b.example": "192.0.2.2"}, nil).finish()
					c.askedFor("host.a.example")
					c = p.search(t, searchList(1), "x.y", zone{"x.y": cause, "x.y.a.example": "192.0.2.2"}, nil).finish()
					c.askedFor("x.y")
					isError(t, "failure of the name as it is", c.err, cause)
				}
				c := p.search(t, searchList(0), "www", zone{"www": resolve.ErrServFail, "www.a.example": "192.0.2.2"}, nil).finish()
				c.has("192.0.2.2")
				c = p.search(t, searchList(0), "www", zone{"www": resolve.ErrServFail}, nil).finish()
				isError(t, "failure of a name without dots", c.err, resolve.ErrServFail)
			}},
		{ID: "search/lax", Doc: "resolve.Search", Rule: "With Lax, ErrServFail does not end the search. A timeout does.", Source: "resolv.conf(5)", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				lax := searchList(1)
				lax.Lax = true
				c := p.search(t, lax, "host", zone{"host.a.example": resolve.ErrServFail, "host.b.example": "192.0.2.2"}, nil).finish()
				c.has("192.0.2.2")
				c = p.search(t, lax, "host", zone{"host.a.example": resolve.ErrServFail, "host.b.example": resolve.ErrNoData}, nil).finish()
				isError(t, "no answer after a failure", c.err, resolve.ErrServFail)
				c = p.search(t, lax, "host", zone{"host.a.example": resolve.ErrTimeout, "host.b.example": "192.0.2.2"}, nil).finish()
				isError(t, "timeout", c.err, resolve.ErrTimeout)
				c.askedFor("host.a.example")
			}},
		{ID: "search/too-long", Doc: "resolve.Search", Rule: "A suffix that makes the name too long is skipped.", Source: "RFC 1035, section 2.3.4", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				long := strings.Repeat("x.", 120) + "example" // 247 bytes
				s := resolve.Search{Suffixes: names(long, "b.example"), Ndots: 1}
				p.searches(t, s, "hosts", "hosts."+long, "hosts.b.example", "hosts")
				p.searches(t, s, "hosts1", "hosts1.b.example", "hosts1")
			}},
		{ID: "search/bounded", Doc: "resolve.MaxSearchSuffixes", Rule: "Suffixes beyond the bound are not tried.", Needs: needs(Search), Run: func(t T, p Fixture) {
			s := resolve.Search{Ndots: 1}
			var want []string
			for i := range resolve.MaxSearchSuffixes + 8 {
				s.Suffixes = append(s.Suffixes, a(fmt.Sprintf("s%d.example", i)).Name)
				if i < resolve.MaxSearchSuffixes {
					want = append(want, fmt.Sprintf("host.s%d.example", i))
				}
			}
			p.searches(t, s, "host", append(want, "host")...)
		}},
		{ID: "search/names-the-host", Doc: "resolve.Host", Rule: "An error names the host as the caller wrote it.", Source: "go#12712", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				for _, cause := range []error{resolve.ErrNotFound, resolve.ErrServFail} {
					c := p.search(t, searchList(1), "Host", zone{"host.b.example": cause}, nil).finish()
					var dns *net.DNSError
					if !errors.As(c.err, &dns) || dns.Name != "Host" {
						t.Errorf("%v as net.DNSError: got %+v, want the name Host", c.err, dns)
					}
				}
			}},
		{ID: "search/deadline", Doc: "resolve.HostQuery.Deadline", Rule: "The deadline is for the whole search.", Needs: needs(Search), Run: func(t T, p Fixture) {
			by := time.Now().Add(time.Hour)
			c := p.search(t, searchList(1), "host", nil, func(hq *resolve.HostQuery) { hq.Deadline = by }).finish()
			for _, q := range c.next.started {
				if !q.Deadline.Equal(by) {
					t.Errorf("%v: got the deadline %v, want that of the host, %v", q.Question, q.Deadline, by)
				}
			}
		}},
		{ID: "search/cancel", Doc: "resolve.HostQuery.Cancel", Rule: "Cancel ends the questions in flight, and no later name is asked for.", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				c := p.search(t, searchList(1), "host", nil, nil)
				c.step(0)
				c.HostQuery.Cancel()
				c.await()
				isError(t, "canceled with the second suffix", c.err, resolve.ErrCanceled)
				if c.next.stops() != 2 || c.next.count() != 4 {
					t.Errorf("%d of %d questions were stopped, want 2 of 4", c.next.stops(), c.next.count())
				}
				// The questions have finished, and the owner has not run yet.
				c = p.search(t, searchList(1), "host", nil, nil)
				for i := range 2 {
					c.next.finish(i, resolve.Answer{}, failure(c.next.started[i].Question, resolve.ErrNotFound))
				}
				c.HostQuery.Cancel()
				c.await()
				isError(t, "canceled between two suffixes", c.err, resolve.ErrCanceled)
				c.next.asked(2, "a canceled search")
			}},
		{ID: "search/try", Doc: "resolve.Host.Try", Rule: "Try goes through the same absolute names as Start, up to the first that is not in memory.", Needs: needs(Search),
			Run: func(t T, p Fixture) {
				for _, x := range []struct {
					z     zone
					asked []string
					want  error // nil: 192.0.2.2
				}{
					{zone{"host.b.example": "192.0.2.2"}, []string{"host.a.example", "host.b.example"}, nil},
					{zone{"host.a.example": resolve.ErrWouldBlock, "host.b.example": "192.0.2.2"}, []string{"host.a.example"}, resolve.ErrWouldBlock},
					{zone{"host.b.example": resolve.ErrWouldBlock}, []string{"host.a.example", "host.b.example"}, resolve.ErrWouldBlock},
					{zone{"host.a.example": resolve.ErrServFail, "host.b.example": "192.0.2.2"}, []string{"host.a.example"}, resolve.ErrServFail},
					{zone{"host.a.example": resolve.ErrNoData}, []string{"host.a.example", "host.b.example", "host"}, resolve.ErrNoData},
				} {
					u := &upstream{t: t}
					var asked []string
					u.try = func(q resolve.Question) (resolve.Answer, error) {
						if name := q.Name.String(); !slices.Contains(asked, name) {
							asked = append(asked, name)
						}
						if x.z[q.Name.String()] == resolve.ErrWouldBlock {
							return resolve.Answer{}, resolve.ErrWouldBlock
						}
						return x.z.reply(q)
					}
					got, err := p.Search(u, searchList(1)).Try("host", resolve.FamilyBoth)
					switch {
					case x.want != nil:
						isError(t, fmt.Sprint(x.z), err, x.want)
					case err != nil || !slices.Equal(got.Addrs(), addrs("192.0.2.2")) || got.Absolute.String() != "host.b.example":
						t.Errorf("got %v of %v, %v, want 192.0.2.2", got.Addrs(), got.Absolute, err)
					}
					if !slices.Equal(asked, x.asked) {
						t.Errorf("Try asked for %q, want %q", asked, x.asked)
					}
				}
			}},
	}
}
