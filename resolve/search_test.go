package resolve

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// searchHost asks a pool, in which only the last of three names exists.
func searchHost(t *testing.T, before func()) *Host {
	t.Helper()
	pool, err := NewPool(func(_ context.Context, q Question) (Answer, error) {
		before()
		if q.Name.String() != "host" {
			return Answer{}, ErrNotFound
		}
		return NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}), nil
	}, PoolOptions{Workers: 2, MaxQueued: 64})
	require.NoError(t, err)
	t.Cleanup(func() {
		pool.Close()
		pool.Wait()
	})
	list := Search{Suffixes: []Name{{text: "a.example"}, {text: "b.example"}}, Ndots: 1}
	return &Host{Strategy: pool, Search: func() Search { return list }}
}

func TestLookupSearches(t *testing.T) {
	h := searchHost(t, func() {})
	a, err := h.Lookup(t.Context(), "host", FamilyBoth)
	require.NoError(t, err)
	require.Len(t, a.Addrs(), 2)
	require.Equal(t, "host", a.Absolute.String())
	_, err = h.Lookup(t.Context(), "other", FamilyBoth)
	require.ErrorIs(t, err, ErrNotFound)
}

// A cancellation may come at any point of a search, also between two names.
func TestLookupSearchesUntilCanceled(t *testing.T) {
	for i := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		var once sync.Once
		n := 0
		var mu sync.Mutex
		h := searchHost(t, func() {
			mu.Lock()
			n++
			now := n == i%6+1
			mu.Unlock()
			if now {
				go once.Do(cancel)
			}
		})
		_, err := h.Lookup(ctx, "host", FamilyBoth)
		require.True(t, err == nil || errors.Is(err, ErrCanceled), "%v", err)
		cancel()
	}
}

// FuzzSearch checks that a search gives valid names, the name as it is among them at most once, and
// ends.
func FuzzSearch(f *testing.F) {
	f.Add("host", "a.example . b.example", 1, false)
	f.Add("x.y.", "a", 5, true)
	f.Fuzz(func(t *testing.T, text, suffixes string, ndots int, noTLD bool) {
		name, err := ParseName(text)
		if err != nil {
			return
		}
		s := Search{Ndots: ndots, NoTLDQuery: noTLD}
		for _, suffix := range strings.Fields(suffixes) {
			n, _ := ParseName(suffix) // also the zero Name
			s.Suffixes = append(s.Suffixes, n)
		}
		walk := newSearchWalk(s, text, name)
		var got []Name
		for n, ok := walk.next(); ok; n, ok = walk.next() {
			if m, err := ParseName(n.String()); err != nil || m != n {
				t.Fatalf("%q: %q is not canonical: %v", text, n, err)
			}
			if got = append(got, n); len(got) > MaxSearchSuffixes+1 {
				t.Fatalf("%q: more than %d names", text, MaxSearchSuffixes+1)
			}
			walk.failed(&Error{Op: "fuzz", Name: text, Err: ErrNotFound})
		}
		n := 0
		for _, g := range got {
			if g == name {
				n++
			}
		}
		if len(got) == 0 || n > 1 {
			t.Fatalf("%q: got %q", text, got)
		}
	})
}
