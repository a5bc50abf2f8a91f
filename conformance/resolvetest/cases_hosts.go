package resolvetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// hostsText resembles real files: comments, spaces and tabs, aliases, both line endings, and
// malformed lines.
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

// hostsInterval is measured on the clock of the case.
const hostsInterval = time.Minute

type hostsFixture struct {
	t     T
	path  string
	clock *clock
	next  *upstream
	strat resolve.Strategy
	mtime time.Time
}

func (p Fixture) hosts(t T, text string, adjust func(*resolve.HostsOptions)) *hostsFixture {
	t.Helper()
	return p.hostsIn(t, func(path string) {
		if text != "" {
			noError(t, os.WriteFile(path, []byte(text), 0o600))
			noError(t, os.Chtimes(path, hostsTime, hostsTime))
		}
	}, adjust)
}

// hostsTime is the initial modification time of the file.
var hostsTime = time.Unix(1e9, 0)

func (p Fixture) hostsIn(t T, place func(path string), adjust func(*resolve.HostsOptions)) *hostsFixture {
	t.Helper()
	f := &hostsFixture{t: t, path: filepath.Join(t.TempDir(), "hosts"), clock: newClock(), next: &upstream{t: t}, mtime: hostsTime}
	place(f.path)
	options := resolve.HostsOptions{Path: f.path, Interval: hostsInterval, Clock: f.clock.Now}
	if adjust != nil {
		adjust(&options)
	}
	var err error
	if f.strat, err = p.Hosts(options, f.next); err != nil {
		t.Fatalf("hosts: %v", err)
	}
	return f
}

// write replaces the text and advances the modification time, because the resolution of file times
// may be coarse.
func (f *hostsFixture) write(text string) {
	f.t.Helper()
	f.mtime = f.mtime.Add(time.Second)
	noError(f.t, os.WriteFile(f.path, []byte(text), 0o600))
	noError(f.t, os.Chtimes(f.path, f.mtime, f.mtime))
}

func noError(t T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("hosts file: %v", err)
	}
}

// start asks only with Start.
func (f *hostsFixture) start(q resolve.Question) *call {
	f.t.Helper()
	o := newOwner(f.t)
	c := o.start(f.strat, q)
	o.await(c)
	o.once(c)
	return c
}

func (f *hostsFixture) starts(q resolve.Question, want ...string) {
	f.t.Helper()
	f.start(q).holds(want...)
}

func (f *hostsFixture) fails(q resolve.Question, want error) {
	f.t.Helper()
	f.start(q).fails(want)
}

func (f *hostsFixture) gives(q resolve.Question, want ...string) {
	f.t.Helper()
	got, err := both(f.t, f.strat, q)
	holds(f.t, q.String(), got, err, want...)
}

// look lets the interval pass and starts a query, which checks the file.
func (f *hostsFixture) look() {
	f.t.Helper()
	f.clock.advance(hostsInterval)
	_, err := f.strat.Try(a("localhost"))
	isError(f.t, "Try when a check is due", err, resolve.ErrWouldBlock)
	o := newOwner(f.t)
	n := f.next.count()
	c := o.start(f.strat, a("unknown.example"))
	f.next.finish(n, answer(c.Question, "198.51.100.7"), nil)
	o.await(c)
}

func hostsCases() []Case {
	return []Case{
		{ID: "hosts/syntax", Doc: "resolve.HostsFile", Rule: "A line is an address and names, and '#' begins a comment. Lines of one name add up. Malformed lines and names are skipped.",
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
		{ID: "hosts/spellings", Doc: "resolve.HostsFile", Rule: "Names match regardless of case and of the final dot.",
			Source: "RFC 4343", Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, hostsText, nil)
				f.gives(a("ALIAS.example."), "127.0.0.1")
				f.gives(aaaa("LinkLocal.Example"), "fe80::1%eth0")
			}},
		{ID: "hosts/shared-address", Doc: "resolve.HostsFile", Rule: "Names that share an address keep their other addresses to themselves.",
			Source: "c-ares#1049", Needs: needs(Hosts), Run: func(t T, p Fixture) {
				const text = "10.0.0.1 one.example two.example\n10.0.0.2 one.example\n10.0.0.3 two.example\n::1 two.example\n"
				f := p.hosts(t, text, nil)
				f.gives(a("one.example"), "10.0.0.1", "10.0.0.2")
				f.gives(a("two.example"), "10.0.0.1", "10.0.0.3")
				f.fails(aaaa("one.example"), resolve.ErrNoData)
			}},
		{ID: "hosts/owns-its-names", Doc: "resolve.HostsFile", Rule: "A family that a name in the file lacks is ErrNoData and is not passed on.",
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
		{ID: "hosts/reload", Doc: "resolve.HostsFile", Rule: "The first Start after the interval loads a changed file. From the end of the interval until then, Try returns ErrWouldBlock.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, "10.0.0.1 one.example\n", nil)
				f.gives(a("one.example"), "10.0.0.1")
				f.write("10.0.0.9 one.example\n") // of the same size, so the time decides
				f.look()
				f.gives(a("one.example"), "10.0.0.9")
				f.mtime = f.mtime.Add(-time.Second)
				f.write("10.0.0.10 one.example\n") // of the same time, so the size decides
				f.look()
				f.gives(a("one.example"), "10.0.0.10")
			}},
		{ID: "hosts/replaced", Doc: "resolve.HostsFile", Rule: "Another file under the name is loaded, even with the same size and modification time.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, "10.0.0.1 one.example\n", nil)
				other := f.path + ".new"
				noError(t, os.WriteFile(other, []byte("10.0.0.9 one.example\n"), 0o600))
				noError(t, os.Chtimes(other, hostsTime, hostsTime))
				noError(t, os.Rename(other, f.path))
				f.look()
				f.gives(a("one.example"), "10.0.0.9")
			}},
		{ID: "hosts/rate", Doc: "resolve.HostsFile", Rule: "The file is not checked before the interval has passed.", Needs: needs(Hosts), Run: func(t T, p Fixture) {
			f := p.hosts(t, "10.0.0.1 one.example\n", nil)
			f.write("10.0.0.9 one.example\n")
			f.clock.advance(hostsInterval - time.Nanosecond)
			f.gives(a("one.example"), "10.0.0.1")
		}},
		{ID: "hosts/any-size", Doc: "resolve.HostsFile", Rule: "The file and its lines may have any size.", Needs: needs(Hosts), Run: func(t T, p Fixture) {
			long := strings.Repeat("x", 2<<20)
			text := "10.0.0.1 first.example\n# " + long + "\n10.0.0.2 " + long + " middle.example" + strings.Repeat(" ", 1<<20) + "alias.example\n10.0.0.3 last.example"
			f := p.hosts(t, text, nil)
			f.gives(a("first.example"), "10.0.0.1")
			f.gives(a("middle.example"), "10.0.0.2")
			f.gives(a("alias.example"), "10.0.0.2")
			f.gives(a("last.example"), "10.0.0.3")
		}},
		{ID: "hosts/index-bounded", Doc: "resolve.HostsFile", Rule: "Names beyond MaxIndexBytes take no memory: Try returns ErrWouldBlock and does not pass them on.", Needs: needs(Hosts),
			Run: func(t T, p Fixture) {
				f := p.hosts(t, crowd(), smallIndex)
				f.gives(a("n0.example"), "10.0.0.0")
				f.next.try = func(resolve.Question) (resolve.Answer, error) {
					t.Errorf("a name in the file was passed on to the strategy below")
					return resolve.Answer{}, resolve.ErrWouldBlock
				}
				_, err := f.strat.Try(a(fmt.Sprintf("n%d.example", crowdNames-1)))
				isError(t, "Try of the last name", err, resolve.ErrWouldBlock)
			}},
		{ID: "hosts/beyond-index", Doc: "resolve.HostsFile", Rule: "Start finds names outside the index in the file, with all their addresses. It passes on names that are in neither.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				f := p.hosts(t, crowd(), smallIndex)
				for i := range crowdNames {
					f.starts(a(fmt.Sprintf("N%d.Example.", i)), fmt.Sprintf("10.0.0.%d", i))
				}
				f.starts(a("many.example"), "10.0.1.1", "10.0.1.2", "10.0.1.3")
				f.starts(aaaa("many.example"), "2001:db8::1")
				f.fails(aaaa("n7.example"), resolve.ErrNoData)
				f.fails(aaaa(fmt.Sprintf("n%d.example", crowdNames-1)), resolve.ErrNoData)
				f.next.asked(0, "names in the file")
				passesOn(t, f.strat, f.next, a("unknown.example"))
				// A name removed from the file is no longer found, nor are its addresses.
				f.write("10.0.0.9 one.example\n")
				f.look()
				passesOn(t, f.strat, f.next, a("many.example"))
			}},
		{ID: "hosts/truncated", Doc: "resolve.HostsFile", Rule: "An answer holds the first MaxAnswerAddrs addresses, and Truncated reports that more exist.", Needs: needs(Hosts),
			Run: func(t T, p Fixture) {
				var b strings.Builder
				for i := range resolve.MaxAnswerAddrs + 1 {
					fmt.Fprintf(&b, "10.1.%d.%d full.example\n", i>>8, i&0xff)
				}
				b.WriteString("2001:db8::1 full.example\n")
				for _, adjust := range []func(*resolve.HostsOptions){nil, smallIndex} {
					f := p.hosts(t, b.String(), adjust)
					if got := f.start(a("full.example")); got.err != nil || got.answer.Len() != resolve.MaxAnswerAddrs || !got.answer.Truncated {
						t.Errorf("got %d addresses, truncated %v, error %v, want the first %d", got.answer.Len(), got.answer.Truncated, got.err, resolve.MaxAnswerAddrs)
					}
					if got := f.start(aaaa("full.example")); got.err != nil || got.answer.Truncated {
						t.Errorf("other family: got truncated %v, error %v", got.answer.Truncated, got.err)
					}
				}
			}},
		{ID: "hosts/unreadable", Doc: "resolve.HostsFile", Rule: "A file that cannot be read leaves the last index in use, if any. Failed is called once, and again for the first failure after a successful check.",
			Needs: needs(Hosts), Run: func(t T, p Fixture) {
				failed := 0
				f := p.hostsIn(t, func(path string) { noError(t, os.Mkdir(path, 0o700)) }, func(c *resolve.HostsOptions) {
					c.Failed = func(err error) {
						if failed++; err == nil {
							t.Errorf("Failed was called with a nil error")
						}
					}
				})
				passesOn(t, f.strat, f.next, a("one.example"))
				f.look()
				f.look()
				if failed != 1 {
					t.Errorf("Failed was called %d times in three failed checks, want once", failed)
				}
				noError(t, os.Remove(f.path))
				f.write("10.0.0.1 one.example\n")
				f.look()
				f.gives(a("one.example"), "10.0.0.1")
				noError(t, os.Remove(f.path))
				noError(t, os.Mkdir(f.path, 0o700))
				f.look()
				f.gives(a("one.example"), "10.0.0.1")
				if failed != 2 {
					t.Errorf("Failed was called %d times, want twice because a check in between succeeded", failed)
				}
			}},
	}
}

// crowdNames is more names than smallIndex has room for.
const crowdNames = 64

// crowd is a file with the names n0.example and following, and a name that begins in the index and
// ends outside it.
func crowd() string {
	var b strings.Builder
	b.WriteString("10.0.0.0 n0.example\n10.0.1.1 many.example\n")
	for i := 1; i < crowdNames; i++ {
		fmt.Fprintf(&b, "10.0.0.%d n%d.example\n", i, i)
	}
	b.WriteString("10.0.1.2 many.example # the index is full by now\n10.0.1.3 many.example\n2001:db8::1 many.example\n")
	return b.String()
}

// smallIndex has room for a few names.
func smallIndex(c *resolve.HostsOptions) { c.MaxIndexBytes = 2048 }
