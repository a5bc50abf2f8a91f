package resolve

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// gated is a lookup that ends when the test lets it.
func gated(t *testing.T) (h *Host, release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	pool, err := NewPool(func(ctx context.Context, q Question) (Answer, error) {
		select {
		case <-release:
			return NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	}, PoolOptions{Workers: 2, MaxQueued: 4})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	return &Host{Strategy: pool}, release
}

func TestLookupSuspendsItsCaller(t *testing.T) {
	h, release := gated(t)
	suspensions := 0
	h.Suspend = func(start func(resume func())) error {
		suspensions++
		if suspensions == 1 {
			close(release)
		}
		resumed := make(chan struct{})
		start(func() { close(resumed) })
		<-resumed
		return nil
	}
	a, err := h.Lookup(t.Context(), "host.example", FamilyV4)
	require.NoError(t, err)
	require.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, a.Addrs())
	require.Positive(t, suspensions)
}

// The query ends with the suspension, and completes nothing later.
func TestLookupReturnsTheErrorOfSuspend(t *testing.T) {
	h, _ := gated(t)
	reason := errors.New("task canceled")
	var resumed func()
	h.Suspend = func(start func(resume func())) error {
		start(func() {})
		start(func() { resumed() })
		return reason
	}
	resumed = func() { t.Error("resume was called after Suspend had returned") }
	_, err := h.Lookup(t.Context(), "host.example", FamilyBoth)
	require.ErrorIs(t, err, reason)
}
