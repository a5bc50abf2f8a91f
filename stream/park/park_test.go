package park

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestAWaitAllocatesNothing(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	if _, err := sys.Send(b, []byte{1}); err != nil {
		t.Fatal(err)
	}
	r, err := Waiter{}.Register(a)
	require.NoError(t, err)
	defer r.Close()
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		require.NoError(t, r.Wait(sys.Readable, deadline))
	}); n != 0 {
		t.Errorf("%v allocations per wait, want 0", n)
	}
}

func TestASignalThatArrivesLateEndsOneWait(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	r, err := Waiter{}.Register(a)
	require.NoError(t, err)
	defer r.Close()
	s := Waiter{}.NewSelect()
	defer s.Close()
	past := time.Now().Add(-time.Second)
	for name, of := range map[string]struct {
		side *side
		wait func(deadline time.Time) error
	}{
		"source":    {&r.(*source).sides[sys.Readable], func(d time.Time) error { return r.Wait(sys.Readable, d) }},
		"selection": {&s.(*selection).side, func(d time.Time) error { return s.Wait(nil, d) }},
	} {
		if err := of.wait(past); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%s: first Wait: %v", name, err)
		}
		if err := of.side.waker.Signal(); err != nil { // as if an earlier wait had been interrupted
			t.Fatal(err)
		}
		if err := of.wait(time.Time{}); err != nil {
			t.Errorf("%s: Wait with a late signal: %v", name, err)
		}
		if err := of.wait(past); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: Wait after it: got %v, want a timeout", name, err)
		}
	}
}
