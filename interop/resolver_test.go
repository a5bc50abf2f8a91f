package interop

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// TestResolver asks the servers of others by the resolver of package evented. The servers run for
// all checks.
func TestResolver(t *testing.T) {
	n := startNameservers(t)
	var checks []check
	add := func(name string, servers []evented.Server, o stub.Options, body func(*lookups) error) {
		checks = append(checks, check{name, func(t *testing.T, h harness) {
			resolverBody(t, h, n, evented.Options{Servers: servers, Stub: o}, body)
		}})
	}
	for _, s := range []struct {
		name   string
		server *interoptest.NameServer
	}{{"bind", n.authority}, {"unbound", n.unbound}, {"dnsmasq", n.dnsmasq}} {
		servers := plain(s.server)
		add(s.name+" addresses", servers, stub.Options{}, (*lookups).addresses)
		add(s.name+" as dig", servers, stub.Options{}, (*lookups).asDig)
		add(s.name+" records", servers, stub.Options{}, (*lookups).records)
		add(s.name+" negative", servers, stub.Options{}, (*lookups).negative)
		add(s.name+" large", servers, stub.Options{}, (*lookups).large)
		add(s.name+" streams", servers, stub.Options{Streams: true}, (*lookups).overStreams)
		add(s.name+" mixed case", servers, stub.Options{MixCase: true}, (*lookups).addresses)
		add(s.name+" reload", servers, stub.Options{}, func(l *lookups) error { return l.reload(s.server) })
	}
	add("bind alias out of the zone", plain(n.authority, n.other), stub.Options{}, (*lookups).outside)
	add("unbound alias out of the zone", plain(n.unbound), stub.Options{}, (*lookups).outside)
	add("bind cookies", plain(n.authority), stub.Options{}, (*lookups).cookies)
	add("bind wants cookies", plain(n.other), stub.Options{}, (*lookups).cookies)
	add("dnsmasq closes streams after 100 queries", plain(n.dnsmasq), stub.Options{Streams: true}, func(l *lookups) error {
		l.flight = 2000
		return l.many(2000, nil)
	})
	add("dnsmasq passes cookies on", plain(n.dnsmasq), stub.Options{}, (*lookups).passedCookies)
	add("bind closes idle streams", plain(n.other), stub.Options{Streams: true}, (*lookups).idleStreams)
	add("bind refuses EDNS", plain(n.refusing), stub.Options{}, (*lookups).withoutEDNS)
	add("bind drops EDNS", plain(n.dropping), stub.Options{}, (*lookups).withoutEDNS)
	add("bind is lame", plain(n.authority), stub.Options{}, (*lookups).lame)
	add("bind is lame, unbound is not", plain(n.authority, n.unbound), stub.Options{}, (*lookups).second)
	add("nothing listens, unbound does", []evented.Server{{Addr: n.closed}, {Addr: n.unbound.Addr}}, stub.Options{}, (*lookups).second)
	add("silence, then unbound", []evented.Server{{Addr: n.silent}, {Addr: n.unbound.Addr}}, stub.Options{}, (*lookups).second)
	add("unbound validates", plain(n.unbound), stub.Options{TrustAD: true}, func(l *lookups) error { return l.validated(true) })
	add("unbound validates, not trusted", plain(n.unbound), stub.Options{}, func(l *lookups) error { return l.validated(false) })
	for _, s := range []struct {
		name   string
		server *interoptest.NameServer
		path   string
	}{{"bind", n.authority, "/dns-query"}, {"unbound", n.unbound, "/dns-query"}} {
		config := &tls.Config{RootCAs: n.roots, ServerName: "localhost"}
		add(s.name+" TLS", []evented.Server{{Addr: s.server.TLS, TLS: config}}, stub.Options{}, (*lookups).overStreams)
		url := fmt.Sprintf("https://localhost:%d%s", s.server.HTTPS.Port(), s.path)
		add(s.name+" HTTPS", []evented.Server{{Addr: s.server.HTTPS, TLS: config, URL: url}}, stub.Options{}, (*lookups).overStreams)
		wrong := &tls.Config{RootCAs: n.roots, ServerName: "elsewhere.example"}
		add(s.name+" TLS of another name", []evented.Server{{Addr: s.server.TLS, TLS: wrong}}, stub.Options{}, (*lookups).untrusted)
	}
	runForms(t, checks...)
}

// lookups is a body that asks a resolver.
type lookups struct {
	t   *testing.T
	ctx context.Context
	h   harness
	n   *nameservers
	o   evented.Options
	r   *evented.Resolver

	flight int // bounds the lookups in flight
}

func resolverBody(t *testing.T, h harness, n *nameservers, o evented.Options, body func(*lookups) error) {
	o.Dial = h.DialContext
	h.Go("client", func(ctx context.Context) error {
		r, err := evented.New(o)
		if err != nil {
			return err
		}
		err = body(&lookups{t, ctx, h, n, o, r, flightMax})
		return errors.Join(err, r.Close(), h.Blocking(ctx, func() error { r.Wait(); return nil }))
	})
}

// flightMax bounds the lookups of one body that are in flight, where the check does not.
const flightMax = 64

// all looks the questions up. The body is suspended until the last one is finished. It calls got
// for each, in the order in which they finish.
func (l *lookups) all(questions []resolve.Question, got func(i int, a resolve.Answer, err error)) error {
	var mu sync.Mutex // guards the two below
	var resume func() // of the suspended body
	ready := false
	inbox := resolve.NewInbox(func() error {
		mu.Lock()
		f := resume
		ready, resume = f == nil, nil
		mu.Unlock()
		if f != nil {
			f()
		}
		return nil
	})
	started, left := 0, len(questions)
	var start func()
	start = func() {
		if started == len(questions) {
			return
		}
		i := started
		started++
		l.r.Start(&resolve.Query{Question: questions[i], Inbox: inbox, Done: func(a resolve.Answer, err error) {
			got(i, a, err)
			left--
			start()
		}})
	}
	for range l.flight {
		start()
	}
	for left > 0 {
		err := l.h.Suspend(l.ctx, func(f func()) {
			mu.Lock()
			if !ready {
				resume, f = f, func() {}
			}
			ready = false
			mu.Unlock()
			f()
		})
		if err != nil {
			return err
		}
		inbox.Run(0)
	}
	return nil
}

func (l *lookups) ask(name string, kind resolve.Type) (answer resolve.Answer, err error) {
	q, err := resolve.NewQuestion(name, kind)
	if err != nil {
		return answer, err
	}
	waited := l.all([]resolve.Question{q}, func(_ int, a resolve.Answer, e error) { answer, err = a, e })
	return answer, errors.Join(waited, err)
}

// has checks the addresses of a name, in any order, and its canonical name if that is not empty.
func (l *lookups) has(name string, kind resolve.Type, canonical string, want ...string) error {
	a, err := l.ask(name, kind)
	if err != nil {
		return err
	}
	var got []string
	for addr := range a.All() {
		got = append(got, addr.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%v: got %d addresses %.500q, want %d", a.Question, len(got), got, len(want))
	}
	if canonical != "" && a.Canonical.String() != canonical {
		return fmt.Errorf("%v: got canonical name %q, want %q", a.Question, a.Canonical, canonical)
	}
	return nil
}
