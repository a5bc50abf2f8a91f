package resolve

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// silent is the last strategy of a chain in these tests.
type silent struct{}

func (silent) Try(Question) (Answer, error) { return Answer{}, ErrWouldBlock }
func (silent) Start(q *Query) {
	if q.Accept(nil) {
		q.Finish(Answer{}, ErrServFail)
	}
}
func (silent) Close() error { return nil }

// learn makes c store a result, as if a query had got it.
func learn(c *Cache, q Question, a Answer, err error) {
	c.learner.Load().finished(&Query{Question: q}, a, err)
}

func mustQuestion(t testing.TB, name string, typ Type) Question {
	t.Helper()
	q, err := NewQuestion(name, typ)
	require.NoError(t, err)
	return q
}

func TestTryDoesNotAllocate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(path, []byte("10.0.0.1 file.example\n10.0.0.2 file.example\n"), 0o600))
	cache, err := NewCache(CacheOptions{}, silent{})
	require.NoError(t, err)
	cached, negative := mustQuestion(t, "cached.example", TypeA), mustQuestion(t, "negative.example", TypeA)
	learn(cache, cached, NewAnswer(cached, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}), nil)
	learn(cache, negative, Answer{}, &Error{Op: "test", Question: negative, Err: ErrNotFound})
	absent, failing := mustQuestion(t, "absent.example", TypeAAAA), mustQuestion(t, "failing.example", TypeA)
	learn(cache, absent, Answer{}, &Error{Op: "test", Question: absent, RCode: RCodeNameError, Err: ErrNotFound})
	learn(cache, failing, Answer{}, &Error{Op: "test", Question: failing, Err: ErrServFail})
	hosts, err := NewHostsFile(HostsOptions{Path: path, Interval: time.Hour}, cache)
	require.NoError(t, err)
	static, err := NewStatic(map[string][]netip.Addr{"static.example": {netip.MustParseAddr("10.0.0.3")}}, hosts)
	require.NoError(t, err)
	chain := NewLiteral(NewSpecial(SpecialOptions{}, static))
	for _, q := range []Question{
		mustQuestion(t, "192.0.2.7", TypeA), mustQuestion(t, "fe80::1%eth0", TypeAAAA), mustQuestion(t, "192.0.2.7", TypeAAAA),
		mustQuestion(t, "static.example", TypeA), mustQuestion(t, "static.example", TypeAAAA), mustQuestion(t, "file.example", TypeA),
		mustQuestion(t, "x.localhost", TypeA), mustQuestion(t, "localhost", TypeAAAA), mustQuestion(t, "x.onion", TypeA),
		cached, negative, mustQuestion(t, "absent.example", TypeA), failing, mustQuestion(t, "unknown.example", TypeA),
	} {
		if n := testing.AllocsPerRun(200, func() { _, _ = chain.Try(q) }); n != 0 {
			t.Errorf("Try of %v: got %v allocations, want 0", q, n)
		}
	}
	h := Host{Strategy: chain}
	dst := make([]netip.Addr, 0, 8)
	if n := testing.AllocsPerRun(200, func() {
		a, _ := h.Try("file.example", FamilyBoth)
		dst = a.AppendAddrs(dst[:0])
	}); n != 0 {
		t.Errorf("Host.Try: got %v allocations, want 0", n)
	}
	// With a search list, a name that is tried as it is first does not allocate either.
	suffixes := []Name{mustQuestion(t, "suffix.example", TypeA).Name}
	h.Search = func() Search { return Search{Suffixes: suffixes, Ndots: 1} }
	if n := testing.AllocsPerRun(200, func() { _, _ = h.Try("file.example", FamilyBoth) }); n != 0 {
		t.Errorf("Host.Try with a search list: got %v allocations, want 0", n)
	}
	if n := testing.AllocsPerRun(200, func() { _, _ = NewQuestion("example.com", TypeA) }); n != 0 {
		t.Errorf("NewQuestion of a canonical name: got %v allocations, want 0", n)
	}
}

func TestInboxDoesNotAllocate(t *testing.T) {
	b := NewInbox(func() error { return nil })
	queries := make([]Query, 202)
	i := 0
	if n := testing.AllocsPerRun(200, func() {
		b.put(&queries[i])
		b.pop()
		i++
	}); n != 0 {
		t.Errorf("got %v allocations per query, want 0", n)
	}
}
