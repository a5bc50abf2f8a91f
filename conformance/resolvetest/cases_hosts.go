package resolvetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// hostsText has what real files have: comments, blanks of both kinds, aliases, both line ends, rubbish.
const hostsText = "# comment\r\n" +
	"127.0.0.1\tlocalhost  Alias.Example # trailing\r\n" +
	"::1 localhost ip6-localhost\n" +
	"\n   \t\n" +
	"fe80::1%eth0 linklocal.example.\n" +
	"10.0.0.1 two.example\n10.0.0.2 two.example two.example\n10.0.0.1 two.example\n" +
	"::ffff:10.0.0.3 mapped.example\n" +
	"10.0.0.4\n" + // skipped: no name
	"rubbish rubbish.example\n" + // skipped: no address
	"010.0.0.5 octal.example\n" + // skipped: no address
	"10.0.0.6 bad..name b\u00fccher.example good.example\n" + // two names skipped
	"10.0.0.7 last.example" // no final newline

// hostsInterval is on the clock of the case.
const hostsInterval = time.Minute

type hostsFixture struct {
	t     T
	path  string
	clock *clock
	next  *upstream
	strat resolve.Strategy
	mtime time.Time
}

func (p Fixture) hosts(t T, text string, adjust func(*resolve.HostsConfig)) *hostsFixture {
	t.Helper()
	f := &hostsFixture{t: t, path: filepath.Join(t.TempDir(), "hosts"), clock: newClock(), next: &upstream{t: t}, mtime: time.Unix(1e9, 0)}
	if text != "" {
		f.write(text)
	}
	config := resolve.HostsConfig{Path: f.path, Interval: hostsInterval, Clock: f.clock.Now}
	if adjust != nil {
		adjust(&config)
	}
	var err error
	if f.strat, err = p.Hosts(config, f.next); err != nil {
		t.Fatalf("hosts: %v", err)
	}
	return f
}

// write replaces the text, and moves the time of the file, whose resolution may be coarse.
func (f *hostsFixture) write(text string) {
	f.t.Helper()
	f.mtime = f.mtime.Add(time.Second)
	err := os.WriteFile(f.path, []byte(text), 0o600)
	if err == nil {
		err = os.Chtimes(f.path, f.mtime, f.mtime)
	}
	if err != nil {
		f.t.Fatalf("hosts file: %v", err)
	}
}

func (f *hostsFixture) gives(q resolve.Question, want ...string) {
	f.t.Helper()
	got, err := both(f.t, f.strat, q)
	holds(f.t, q.String(), got, err, want...)
}

// look lets the interval pass and starts a query, which is when the file is looked at.
func (f *hostsFixture) look() {
	f.t.Helper()
	f.clock.advance(hostsInterval)
	_, err := f.strat.Try(a("localhost"))
	isError(f.t, "Try when a look is due", err, resolve.ErrWouldBlock)
	o := newOwner(f.t)
	n := f.next.count()
	c := o.start(f.strat, a("unknown.example"))
	f.next.finish(n, answer(c.Question, "198.51.100.7"), nil)
	o.await(c)
}

func hostsCases() []Case {
	return []Case{
		{ID: "hosts/syntax", Doc: "resolve.HostsFile", Rule: "A line is an address and names; '#' begins a comment; lines of one name add up; malformed lines and names are skipped.",
			Source: "hosts(5); go#8996", Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, hostsText, nil)
				f.gives(a("localhost"), "127.0.0.1")
				f.gives(aaaa("localhost"), "::1")
				f.gives(aaaa("ip6-localhost"), "::1")
				f.gives(aaaa("linklocal.example"), "fe80::1%eth0")
				f.gives(a("two.example"), "10.0.0.1", "10.0.0.2")
				f.gives(a("mapped.example"), "10.0.0.3")
				f.gives(a("good.example"), "10.0.0.6")
				f.gives(a("last.example"), "10.0.0.7")
				for _, name := range []string{"rubbish.example", "octal.example", "trailing", "comment"} {
					passesOn(t, f.strat, f.next, a(name))
				}
			}},
		{ID: "hosts/spellings", Doc: "resolve.HostsFile", Rule: "Names are the same in upper and lower case, with and without the final dot.",
			Source: "RFC 4343", Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, hostsText, nil)
				f.gives(a("ALIAS.example."), "127.0.0.1")
				f.gives(aaaa("LinkLocal.Example"), "fe80::1%eth0")
			}},
		{ID: "hosts/owns-its-names", Doc: "resolve.HostsFile", Rule: "The family that a name in the file lacks is ErrNoData, and nobody is asked.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, hostsText, nil)
				_, err := both(t, f.strat, aaaa("two.example"))
				isError(t, "AAAA", err, resolve.ErrNoData)
				f.next.asked(0, "a name in the file")
			}},
		{ID: "hosts/missing", Doc: "resolve.HostsFile", Rule: "A file that does not exist is empty.", Needs: needs(Hosts), Run: func(t T, p Fixture) {
			f := p.hosts(t, "", nil)
			passesOn(t, f.strat, f.next, a("localhost"))
			f.write(hostsText)
			f.look()
			f.gives(a("localhost"), "127.0.0.1")
			if err := os.Remove(f.path); err != nil {
				t.Fatalf("remove: %v", err)
			}
			f.look()
			passesOn(t, f.strat, f.next, a("localhost"))
		}},
		{ID: "hosts/reload", Doc: "resolve.HostsFile", Rule: "A changed file is in use after the first Start once the interval has passed; until then Try says ErrWouldBlock.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, "10.0.0.1 one.example\n", nil)
				f.gives(a("one.example"), "10.0.0.1")
				f.write("10.0.0.9 one.example\n") // of the same size: the time decides
				f.look()
				f.gives(a("one.example"), "10.0.0.9")
				f.mtime = f.mtime.Add(-time.Second)
				f.write("10.0.0.10 one.example\n") // of the same time: the size decides
				f.look()
				f.gives(a("one.example"), "10.0.0.10")
			}},
		{ID: "hosts/rate", Doc: "resolve.HostsFile", Rule: "The file is not looked at before the interval has passed.", Needs: needs(Hosts), Run: func(t T, p Fixture) {
			f := p.hosts(t, "10.0.0.1 one.example\n", nil)
			f.write("10.0.0.9 one.example\n")
			f.clock.advance(hostsInterval - time.Nanosecond)
			f.gives(a("one.example"), "10.0.0.1")
		}},
		{ID: "hosts/too-large", Doc: "resolve.HostsFile", Rule: "A file that is too large is not read, and leaves the last table in use.", Needs: needs(Hosts),
			Run: func(t T, p Fixture) {
				f := p.hosts(t, "10.0.0.1 one.example\n", func(c *resolve.HostsConfig) { c.BytesMax = 100 })
				f.write("10.0.0.9 one.example\n" + strings.Repeat("#", 80))
				f.look()
				f.gives(a("one.example"), "10.0.0.1")
			}},
		{ID: "hosts/names-bounded", Doc: "resolve.HostsFile", Rule: "Names beyond NamesMax are skipped.", Needs: needs(Hosts), Run: func(t T, p Fixture) {
			var b strings.Builder
			for i := range 5 {
				fmt.Fprintf(&b, "10.0.0.%d n%d.example\n", i, i)
			}
			f := p.hosts(t, b.String(), func(c *resolve.HostsConfig) { c.NamesMax = 3 })
			f.gives(a("n2.example"), "10.0.0.2")
			passesOn(t, f.strat, f.next, a("n3.example"))
		}},
	}
}
