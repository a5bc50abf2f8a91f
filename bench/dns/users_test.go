package dns

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

// held is a strategy that keeps its queries until the test finishes them.
type held struct {
	resolve.Strategy
	queries []*resolve.Query
}

func (h *held) Try(resolve.Question) (resolve.Answer, error) {
	return resolve.Answer{}, resolve.ErrWouldBlock
}

func (h *held) Start(q *resolve.Query) {
	if q.Accept(nil) {
		h.queries = append(h.queries, q)
	}
}

// A user begins its next lookup after the last one has ended, and each result is counted once.
func TestUsers(t *testing.T) {
	t.Parallel()
	h := &held{}
	u := newUsers(h, 2, 1, fresh())
	u.check = isRight
	require.True(t, u.begin())
	require.True(t, u.begin())
	require.Zero(t, u.n, "nobody waits")
	answer := func(i int, addr [4]byte) {
		q := h.queries[i]
		q.Finish(resolve.NewAnswer(q.Question, addrs(addr)), nil)
	}
	answer(1, rightAddr)
	u.inbox.Run(0)
	require.Equal(t, []int{1, 0, 0, 1}, []int{u.answered, u.failed, u.wrong, u.n})
	answer(0, wrongAddr)
	u.inbox.Run(0)
	require.Equal(t, []int{1, 0, 1, 2}, []int{u.answered, u.failed, u.wrong, u.n})
	require.True(t, u.begin())
	require.NotEqual(t, h.queries[0].Question, h.queries[2].Question, "every name is new")
	h.queries[2].Finish(resolve.Answer{}, &resolve.Error{Op: "test", Err: resolve.ErrServFail})
	u.inbox.Run(0)
	require.Equal(t, []int{1, 1, 1, 2}, []int{u.answered, u.failed, u.wrong, u.n})
	require.Len(t, u.samples, 3)

	require.True(t, u.begin())
	u.reset()
	u.stop() // cancels the lookup in flight, and completes it
	require.False(t, u.busy())
	require.Equal(t, []int{0, 1, 0}, []int{u.answered, u.failed, u.wrong})
	require.ErrorIs(t, u.lastErr, resolve.ErrCanceled)
}

// The cache answers what was looked up while the cache was being filled; other names go on to the
// next strategy.
func TestPrimed(t *testing.T) {
	t.Parallel()
	h := &held{}
	p := &primed{Strategy: h, filling: true}
	c, err := resolve.NewCache(resolve.CacheOptions{}, p)
	require.NoError(t, err)
	next := fresh()
	known := next()
	a, err := wait(c, known)
	require.NoError(t, err)
	require.True(t, isRight(a))
	p.filling = false
	_, err = c.Try(known)
	require.NoError(t, err)
	_, err = c.Try(next())
	require.ErrorIs(t, err, resolve.ErrWouldBlock)
	require.Empty(t, h.queries)
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	require.Zero(t, quantile(0.5, nil))
	var all []latency
	for i := range 100 {
		all = append(all, latency{d: time.Duration(i + 1), open: i >= 98})
	}
	require.Equal(t, latency{50, false}, quantile(0.5, all))
	require.Equal(t, latency{99, true}, quantile(0.99, all))
	require.Equal(t, latency{100, true}, quantile(1, all))
	require.Equal(t, latency{1, false}, quantile(0, all))
}

// Lookups that have not ended count with their age.
func TestOpenLatencies(t *testing.T) {
	t.Parallel()
	h := &held{}
	u := newUsers(h, 2, 1, fresh())
	u.begin()
	h.queries[0].Finish(resolve.NewAnswer(h.queries[0].Question, addrs(rightAddr)), nil)
	u.inbox.Run(0)
	later := time.Now().Add(time.Hour)
	all := u.latencies(later)
	require.Len(t, all, 3, "one that has ended, and two that wait")
	require.False(t, all[0].open)
	require.True(t, all[1].open && all[2].open && all[2].d >= time.Hour)
}
