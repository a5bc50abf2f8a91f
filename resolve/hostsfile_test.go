package resolve

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHostsStatsCountWhatWasSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	text := "127.0.0.1 localhost\nrubbish x\n10.0.0.1\n10.0.0.2 a..b ok.example 1.2.3.4\n" +
		"fe80::1%" + strings.Repeat("z", hostsFieldMax) + " zone.example\n10.0.0.3 " + strings.Repeat("n", 1<<20) + "\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	now := time.Unix(1e9, 0)
	h, err := NewHostsFile(HostsOptions{Path: path, Clock: func() time.Time { return now }}, silent{})
	require.NoError(t, err)
	if s := h.Stats(); s.Names != 2 || s.Skipped != 6 || s.Reloads != 1 || s.Outside != 0 || s.Err != nil {
		t.Errorf("got %+v, want 2 names, 6 skipped, 1 reload", s)
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	now = now.Add(DefaultHostsInterval)
	ask(t, h, "x.example")
	if s := h.Stats(); s.Err == nil || s.Names != 2 || s.Reloads != 1 {
		t.Errorf("path is a directory: got %+v", s)
	}
	for _, c := range []HostsOptions{{Interval: -1}, {MaxIndexBytes: -1}} {
		if _, err := NewHostsFile(c, silent{}); err == nil {
			t.Errorf("NewHostsFile(%+v): got nil, want an error", c)
		}
	}
}

// ask starts a query of type A and returns the result that is available at once.
func ask(t testing.TB, s Strategy, name string) (a Answer, err error) {
	t.Helper()
	inbox := NewInbox(nil)
	err = ErrWouldBlock
	s.Start(&Query{Question: mustQuestion(t, name, TypeA), Inbox: inbox, Done: func(got Answer, e error) { a, err = got, e }})
	inbox.Run(0)
	return a, err
}

// The index never takes more memory than it counts, and one scan finds every name outside it.
func TestHostsIndexIsBounded(t *testing.T) {
	const names, most = 8_000, 1 << 20
	path := filepath.Join(t.TempDir(), "hosts")
	var b strings.Builder
	for i := range names {
		fmt.Fprintf(&b, "10.1.%d.%d n%d.example\n2001:db8::%x n%d.example\n", i>>8, i&0xff, i, i, i)
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	b.Reset()
	before := heap()
	h, err := NewHostsFile(HostsOptions{Path: path, Interval: time.Hour, MaxIndexBytes: most}, silent{})
	require.NoError(t, err)
	used := heap() - before
	s := h.Stats()
	if s.IndexBytes > most || s.Names < most/2/hostsNameBytes || s.Outside != 2*(names-s.Names) {
		t.Errorf("got %+v, want a full index of at most %d bytes, and the other names counted", s, most)
	}
	if used > most+hostsFilterBytes+hostsReadBytes {
		t.Errorf("index and filter take %d bytes, want an index of at most %d", used, most)
	}
	for i := 0; i < names; i += names / 20 {
		a, err := ask(t, h, fmt.Sprintf("N%d.example.", i))
		if want := fmt.Sprintf("10.1.%d.%d", i>>8, i&0xff); err != nil || a.Len() != 1 || a.Addr(0).String() != want {
			t.Errorf("n%d.example: got %v, %v, want %s", i, a.AppendAddrs(nil), err, want)
		}
	}
	scans := h.Stats().Scans
	q := mustQuestion(t, fmt.Sprintf("n%d.example", names-1), TypeA)
	if _, err := h.Try(q); !errors.Is(err, ErrWouldBlock) {
		t.Errorf("Try of a name outside the index: got %v, want ErrWouldBlock", err)
	}
	ask(t, h, q.Name.String())
	q.Type = TypeAAAA
	if a, err := h.Try(q); err != nil || a.Len() != 1 || h.Stats().Scans != scans+1 {
		t.Errorf("the other family after one scan: got %v, %v, %d scans", a, err, h.Stats().Scans-scans)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestHostsUsesWhatCouldBeRead(t *testing.T) {
	lost := errors.New("lost")
	x := newHostsIndex(DefaultHostsIndexBytes)
	err := readHosts(io.MultiReader(strings.NewReader("10.0.0.1 one.example tw"), iotest.ErrReader(lost)), x)
	if !errors.Is(err, lost) || len(x.names) != 1 {
		t.Fatalf("got %v, %d names; want the read error and 1 name", err, len(x.names))
	}
	q := mustQuestion(t, "one.example", TypeAAAA)
	if _, err := x.answer(q); !errors.Is(err, ErrNoData) {
		t.Errorf("%v: got %v, want ErrNoData", q, err)
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add([]byte("127.0.0.1 localhost\n::1\tlocalhost #c\r\nfe80::1%eth0 a b c\n10.0.0.1"))
	f.Add([]byte("# only\n\n\x00 \xff\n::ffff:1.2.3.4 A.B."))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 3 * (hostsNameBytes + hostsAddrBytes)
		x := newHostsIndex(most)
		if err := readHosts(iotest.OneByteReader(strings.NewReader(string(data))), x); err != nil || x.bytes > most || x.bytes < 0 || x.skipped < 0 {
			t.Fatalf("got %v, %d bytes, %d skipped", err, x.bytes, x.skipped)
		}
		all := newHostsIndex(1 << 30)
		require.NoError(t, readHosts(strings.NewReader(string(data)), all))
		for name, e := range all.names {
			if again, err := ParseName(name.String()); err != nil || again != name {
				t.Fatalf("name %q is not canonical: %v", name, err)
			}
			if len(e.v4)+len(e.v6) == 0 || (e.noV4 == nil) == (len(e.v4) == 0) || (e.noV6 == nil) == (len(e.v6) == 0) {
				t.Fatalf("entry %q: %+v", name, e)
			}
			if x.names[name] == nil && !x.beyond.has(name) {
				t.Fatalf("%q is neither in the table nor in the filter", name)
			}
			found := table{names: map[Name]*tableEntry{}}
			require.NoError(t, findHosts(strings.NewReader(string(data)), name, &found))
			for _, e2 := range []*tableEntry{found.names[name], x.names[name]} {
				if e2 != nil && (!same(e.v4, e2.v4) || !same(e.v6, e2.v6)) {
					t.Fatalf("%q: got %+v, want %+v", name, e2, e)
				}
			}
			if found.names[name] == nil {
				t.Fatalf("%q was not found in the file", name)
			}
		}
	})
}

func same(a, b []netip.Addr) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
