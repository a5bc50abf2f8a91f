package base

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/stretchr/testify/require"
)

var test = queue.Features{Mechanism: "test"}

func TestWakesBetweenTwoWaitsSignalOnce(t *testing.T) {
	signals := 0
	b := NewParallel(test, func() error { signals++; return nil })
	for want := 1; want <= 2; want++ {
		for range 3 {
			require.NoError(t, b.Wake())
		}
		if signals != want {
			t.Errorf("got %d signals, want %d", signals, want)
		}
		b.WakeTaken()
	}
}

func TestAWakeThatFailedSignalsAgain(t *testing.T) {
	reason := errors.New("no memory")
	results := []error{reason, nil}
	b := NewParallel(test, func() error {
		err := results[0]
		results = results[1:]
		return err
	})
	if err := b.Wake(); !errors.Is(err, reason) {
		t.Errorf("Wake: got error %v, want the one of the signal", err)
	}
	if err := b.Wake(); err != nil || len(results) != 0 {
		t.Errorf("second Wake: got error %v, %d signals left; want nil, 0", err, len(results))
	}
}

func TestAFailureComesAfterTheEvents(t *testing.T) {
	signals, reason := 0, errors.New("reason")
	b := NewParallel(test, func() error { signals++; return nil })
	for _, c := range []struct {
		n       int
		err     error
		want    error
		signals int
	}{{0, nil, nil, 0}, {3, nil, nil, 0}, {0, reason, reason, 0}, {3, reason, nil, 1}} {
		signals = 0
		if got := b.Deferred(c.n, c.err); got != c.want || signals != c.signals {
			t.Errorf("Deferred(%d, %v): got %v after %d signals, want %v after %d", c.n, c.err, got, signals, c.want, c.signals)
		}
	}
}

func TestEveryCallFailsAfterShut(t *testing.T) {
	b := NewParallel(test, func() error { return nil })
	reason := errors.New("reason")
	if ok, err := b.Shut(func() error { return reason }); !ok || err != reason {
		t.Errorf("Shut: got %v, %v; want true and the error of signal", ok, err)
	}
	_, again := b.Shut(func() error { return reason })
	for name, err := range map[string]error{
		"wake": b.Wake(), "wait": b.Enter(make([]queue.Event, 1)), "passed": b.Passed(), "would block": b.WouldBlock(1, queue.Both),
		"register": b.Register("add", 1, queue.Registration{Mode: 9}, func() error { return reason }),
		"change":   b.Change("add", 1, func() error { return reason }), "close": again,
	} {
		if !errors.Is(err, queue.ErrClosed) || errors.Is(err, reason) {
			t.Errorf("%s: got error %v, want ErrClosed", name, err)
		}
	}
}

func TestShutWaitsForTheLastCall(t *testing.T) {
	b := NewParallel(test, nil)
	require.NoError(t, b.Enter(make([]queue.Event, 1)))
	inside, signalled := true, make(chan struct{}) // inside is read only after Shut has returned
	var all sync.WaitGroup
	all.Go(func() {
		<-signalled
		inside = false
		b.Gate.Leave()
	})
	if ok, err := b.Shut(func() error { close(signalled); return nil }); !ok || err != nil || inside {
		t.Errorf("Shut: got %v, %v, a call still inside %v; want true, nil, false", ok, err, inside)
	}
	all.Wait()
}

func TestAnEmptySliceIsInvalidAndLeaves(t *testing.T) {
	b := NewParallel(test, nil)
	if err := b.Enter(nil); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("Enter: got error %v, want ErrInvalid", err)
	}
	if ok, err := b.Shut(func() error { return nil }); !ok || err != nil {
		t.Errorf("Shut: got %v, %v; want true, nil", ok, err)
	}
}

func TestErrorsNameMechanismOperationAndHandle(t *testing.T) {
	b := NewParallel(test, nil)
	err := b.Change("add", 7, func() error { return queue.ErrExists })
	if want := "test: add handle 7: queue: handle already registered"; err == nil || err.Error() != want || !errors.Is(err, queue.ErrExists) {
		t.Errorf("got error %v, want %q", err, want)
	}
	if err := b.Change("add", 7, func() error { return nil }); err != nil {
		t.Errorf("got error %v, want nil", err)
	}
	if got, want := b.Closed("wake").Error(), "test: wake: queue: closed"; got != want {
		t.Errorf("got error %q, want %q", got, want)
	}
}

func TestOnlyAPositiveTimeoutRunsDown(t *testing.T) {
	b := NewParallel(test, nil)
	for _, timeout := range []time.Duration{-1, 0} {
		if got := b.Left(timeout, b.Begin(timeout)); got != timeout {
			t.Errorf("Left(%v): got %v, want it unchanged", timeout, got)
		}
	}
	if got := b.Left(time.Hour, b.Begin(time.Hour)); got > time.Hour || got <= 0 {
		t.Errorf("Left(1h): got %v at the beginning, want at most 1h", got)
	}
	if got := b.Left(time.Nanosecond, -time.Hour); got != 0 {
		t.Errorf("Left(1ns) after an hour: got %v, want 0", got)
	}
}

func TestARegistrationThatDoesNotExistIsInvalid(t *testing.T) {
	for _, exclusive := range []bool{false, true} {
		b := NewParallel(queue.Features{Exclusive: exclusive}, nil)
		unsupported := errors.ErrUnsupported
		if exclusive {
			unsupported = nil
		}
		for r, want := range map[queue.Registration]error{
			{}: nil,
			{Interest: queue.Both, Mode: queue.OneShot}: nil,
			{Interest: queue.Both + 1}:                  queue.ErrInvalid,
			{Mode: queue.OneShot + 1}:                   queue.ErrInvalid,
			{Exclusive: true}:                           unsupported,
		} {
			called := false
			err := b.Register("add", 1, r, func() error { called = true; return nil })
			if !errors.Is(err, want) || called != (want == nil) {
				t.Errorf("Register(%+v), exclusive %v: got error %v, called %v; want %v", r, exclusive, err, called, want)
			}
		}
	}
}
