package interop

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/miekg/dns"
)

func (l *lookups) addresses() error {
	return errors.Join(l.plainAddresses(), l.has("alias.signed.example", resolve.TypeA, "www.signed.example", "192.0.2.1"))
}

func (l *lookups) plainAddresses() error {
	return errors.Join(
		l.has("www.plain.example", resolve.TypeA, "", "192.0.2.1"),
		l.has("www.plain.example", resolve.TypeAAAA, "", "2001:db8::1"),
		l.has("two.plain.example", resolve.TypeA, "", "192.0.2.21", "192.0.2.22"),
		l.has("alias.plain.example", resolve.TypeA, "www.plain.example", "192.0.2.1"),
		l.has("c1.plain.example", resolve.TypeAAAA, "www.plain.example", "2001:db8::1"),
		l.has("any.wild.plain.example", resolve.TypeA, "", "192.0.2.9"),
		l.has("www.old.plain.example", resolve.TypeA, "www.new.plain.example", "192.0.2.11"),
	)
}

// asDig compares with what dig gets from the same server.
func (l *lookups) asDig() error {
	for _, name := range []string{"www.plain.example", "two.plain.example", "c1.plain.example", "any.wild.plain.example", "www.old.plain.example", "big.plain.example"} {
		for _, kind := range []resolve.Type{resolve.TypeA, resolve.TypeAAAA} {
			var want []string
			err := l.h.Blocking(l.ctx, func() error {
				for _, line := range interoptest.Dig(l.t, l.o.Servers[0].Addr, name, kind.String()) {
					if _, err := netip.ParseAddr(line); err == nil { // the others are aliases
						want = append(want, line)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			err = l.has(name, kind, "", want...)
			if err != nil && !(len(want) == 0 && errors.Is(err, resolve.ErrNoData)) {
				return err
			}
		}
	}
	return nil
}

// records compares the data of records with what another implementation makes of their text.
func (l *lookups) records() error {
	want := map[resolve.Question][]string{}
	add := func(name, text string) error {
		rr, err := dns.NewRR(name + ". 600 IN " + text)
		if err != nil {
			return err
		}
		packed := make([]byte, dns.Len(rr)+16)
		end, err := dns.PackRR(rr, packed, 0, nil, false)
		if err != nil {
			return err
		}
		const fixed = 10 // type, class, time to live and length of the data
		q, err := resolve.NewQuestion(name, resolve.Type(rr.Header().Rrtype))
		want[q] = append(want[q], string(packed[len(name)+2+fixed:end]))
		return err
	}
	for _, r := range foreignRecords() {
		if err := add(r.name+".plain.example", r.text); err != nil {
			return err
		}
	}
	if err := errors.Join(add("plain.example", "NS ns.plain.example."), add("1.2.0.192.in-addr.arpa", "PTR www.plain.example."), add("alias.plain.example", "CNAME www.plain.example.")); err != nil {
		return err
	}
	for q, data := range want {
		a, err := l.ask(q.Name.String(), q.Type)
		if err != nil {
			return err
		}
		var got []string
		for r := range a.Records() {
			if r.Type != q.Type || r.TTL <= 0 || r.TTL > 600*time.Second {
				return fmt.Errorf("%v: got a record of type %v that lives for %v", q, r.Type, r.TTL)
			}
			got = append(got, r.Data)
		}
		slices.Sort(got)
		slices.Sort(data)
		if !slices.Equal(got, data) {
			return fmt.Errorf("%v: got %q, want %q", q, got, data)
		}
	}
	return nil
}

// negative tells a name that does not exist from one without data.
func (l *lookups) negative() error {
	for _, c := range []struct {
		name string
		kind resolve.Type
		want error
		code resolve.RCode
	}{
		{"none.plain.example", resolve.TypeA, resolve.ErrNotFound, resolve.RCodeNameError},
		{"none.signed.example", resolve.TypeAAAA, resolve.ErrNotFound, resolve.RCodeNameError},
		{"four.plain.example", resolve.TypeAAAA, resolve.ErrNoData, resolve.RCodeSuccess},
		{"alias.plain.example", resolve.TypeMX, resolve.ErrNoData, resolve.RCodeSuccess},
		{"_tcp.plain.example", resolve.TypeA, resolve.ErrNoData, resolve.RCodeSuccess}, // an empty non-terminal
	} {
		_, err := l.ask(c.name, c.kind)
		var e *resolve.Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || e.RCode != c.code {
			return fmt.Errorf("%s %v: got %v, want %v", c.kind, c.name, err, c.want)
		}
		// In the cache of a server that was asked before, the time counts down.
		if left := time.Until(e.Expires); left > negativeTTL*time.Second || left < negativeTTL*time.Second-2*patience {
			return fmt.Errorf("%s %v: the answer expires in %v, want a little less than %d s", c.kind, c.name, left, negativeTTL)
		}
	}
	_, err := l.ask("loop1.plain.example", resolve.TypeA)
	if !errors.Is(err, resolve.ErrMalformed) && !errors.Is(err, resolve.ErrServFail) && !errors.Is(err, resolve.ErrTimeout) {
		return fmt.Errorf("loop of aliases: got %v, want a malformed answer or a failure", err)
	}
	return nil
}

// large gets what no datagram holds.
func (l *lookups) large() error {
	a, err := l.ask("big.plain.example", resolve.TypeA)
	if err != nil {
		return err
	}
	if a.Len() != bigAddrs || a.Origin != resolve.OriginTCP || l.r.Stats().Truncated == 0 {
		return fmt.Errorf("%v: got %d addresses over %s after %d truncated replies, want %d over TCP", a.Question, a.Len(), a.Origin, l.r.Stats().Truncated, bigAddrs)
	}
	if err := l.huge(); err != nil {
		return err
	}
	_, err = l.ask("larger.plain.example", resolve.TypeTXT)
	if !errors.Is(err, resolve.ErrServFail) {
		return fmt.Errorf("records that no message holds: got %v, want a failure", err)
	}
	return nil
}

func (l *lookups) huge() error {
	a, err := l.ask("huge.plain.example", resolve.TypeA)
	if err != nil {
		return err
	}
	seen := map[netip.Addr]bool{}
	for addr := range a.All() {
		seen[addr] = true
	}
	if len(seen) != hugeAddrs || a.Truncated {
		return fmt.Errorf("%v: got %d different addresses, want %d", a.Question, len(seen), hugeAddrs)
	}
	a, err = l.ask("texts.plain.example", resolve.TypeTXT)
	if err != nil {
		return err
	}
	texts := map[string]bool{}
	for r := range a.Records() {
		if len(r.Data) != 251 {
			return fmt.Errorf("%v: got a record of %d bytes", a.Question, len(r.Data))
		}
		texts[r.Data] = true
	}
	if len(texts) != hugeTexts {
		return fmt.Errorf("%v: got %d different records, want %d", a.Question, len(texts), hugeTexts)
	}
	return nil
}

// overStreams pipelines lookups over one connection, with large answers among them.
func (l *lookups) overStreams() error {
	if err := errors.Join(l.addresses(), l.negative(), l.huge(), l.many(200, nil)); err != nil {
		return err
	}
	if s := l.r.Stats(); s.Sent != s.Streamed || s.Sent == 0 {
		return fmt.Errorf("%d of %d queries were sent over streams, want all", s.Streamed, s.Sent)
	}
	return nil
}

// many looks n names up. It calls finished after each.
func (l *lookups) many(n int, finished func(n int)) error {
	questions := make([]resolve.Question, n)
	for i := range questions {
		q, err := resolve.NewQuestion(fmt.Sprintf("n%d.many.plain.example", i), resolve.TypeA)
		if err != nil {
			return err
		}
		questions[i] = q
	}
	var errs []error
	done := 0
	waited := l.all(questions, func(_ int, a resolve.Answer, err error) {
		if err == nil && (a.Len() != 1 || a.Addr(0).String() != "192.0.2.10") {
			err = fmt.Errorf("%v: got %d addresses", a.Question, a.Len())
		}
		if err != nil {
			errs = append(errs, err)
		}
		if done++; finished != nil {
			finished(done)
		}
	})
	if len(errs) > 0 {
		waited = errors.Join(waited, fmt.Errorf("%d of %d lookups failed, the first with: %w", len(errs), n, errs[0]))
	}
	return waited
}

// reload lets the server read its configuration while it is asked.
func (l *lookups) reload(s *interoptest.NameServer) error {
	var errs []error
	err := l.many(1000, func(n int) {
		if n%300 == 100 {
			errs = append(errs, s.Reload())
		}
	})
	return errors.Join(append(errs, err)...)
}

// outside follows an alias into a zone of another server.
func (l *lookups) outside() error {
	return errors.Join(
		l.has("out.plain.example", resolve.TypeA, "www.other.example", "192.0.2.1"),
		l.has("out.plain.example", resolve.TypeAAAA, "www.other.example", "2001:db8::1"),
	)
}

func (l *lookups) cookies() error {
	name := "www.plain.example"
	if l.o.Servers[0].Addr == l.n.other.Addr {
		name = "www.other.example"
	}
	for range 3 {
		if err := l.has(name, resolve.TypeA, "", "192.0.2.1"); err != nil {
			return err
		}
	}
	if s := l.r.Servers()[0]; !s.Cookie || l.r.Stats().BadCookie != 0 {
		return fmt.Errorf("got no cookie, or bad ones: %+v", s)
	}
	return nil
}

// passedCookies asks twice for names that are new to the server. The second answer comes from the
// cache of a forwarder. Only the first one has a cookie, which is that of another server.
func (l *lookups) passedCookies() error {
	form := strings.Split(l.t.Name(), "/")[1]
	for i := range 10 {
		for range 2 {
			if err := l.has(fmt.Sprintf("%s%d.wild.plain.example", form, i), resolve.TypeA, "", "192.0.2.9"); err != nil {
				return err
			}
		}
	}
	if s := l.r.Stats(); s.BadCookie > 1 || s.Streamed > 1 {
		return fmt.Errorf("%d replies were ignored because of their cookie, want at most one: %+v", s.BadCookie, s)
	}
	return nil
}

func (l *lookups) withoutEDNS() error {
	if err := l.plainAddresses(); err != nil {
		return err
	}
	if s := l.r.Servers()[0]; !s.Plain {
		return fmt.Errorf("the server is still asked with EDNS: %+v", s)
	}
	return nil
}

// idleStreams asks at about the time at which the server closes the stream.
func (l *lookups) idleStreams() error {
	const turns, closesAfter = 12, 100 * time.Millisecond
	for i := range turns {
		if err := l.has("www.other.example", resolve.TypeA, "", "192.0.2.1"); err != nil {
			return err
		}
		err := l.h.Blocking(l.ctx, func() error {
			time.Sleep(closesAfter + time.Duration(i-turns/2)*time.Millisecond)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lookups) lame() error {
	_, err := l.ask("www.local.example", resolve.TypeA)
	var e *resolve.Error
	if !errors.Is(err, resolve.ErrServFail) || !errors.As(err, &e) || e.RCode != resolve.RCodeRefused {
		return fmt.Errorf("got %v, want a refusal", err)
	}
	return nil
}

// second gets each answer from the second server.
func (l *lookups) second() error {
	for range 3 {
		a, err := l.ask("www.local.example", resolve.TypeA)
		if err != nil {
			return err
		}
		if a.Len() != 1 || a.Addr(0).String() != "192.0.2.77" || a.Server != l.o.Servers[1].Addr {
			return fmt.Errorf("got %d addresses from %v", a.Len(), a.Server)
		}
	}
	return nil
}

// validated checks the bit of a validator, which counts only if it is trusted.
func (l *lookups) validated(trusted bool) error {
	for name, want := range map[string]bool{"www.signed.example": trusted, "alias.signed.example": trusted, "www.plain.example": false} {
		a, err := l.ask(name, resolve.TypeA)
		if err != nil {
			return err
		}
		if a.Authenticated != want {
			return fmt.Errorf("%s: authenticated: %v, want %v", name, a.Authenticated, want)
		}
	}
	_, err := l.ask("www.bogus.example", resolve.TypeA)
	var e *resolve.Error
	if !errors.Is(err, resolve.ErrServFail) || !errors.As(err, &e) || e.RCode != resolve.RCodeServerFailure {
		return fmt.Errorf("a zone with the wrong key: got %v, want the code of a failure", err)
	}
	return nil
}

// untrusted asks a server whose certificate is for another name.
func (l *lookups) untrusted() error {
	_, err := l.ask("www.plain.example", resolve.TypeA)
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		return fmt.Errorf("got %v, want an error about the certificate", err)
	}
	return nil
}
