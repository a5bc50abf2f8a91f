package waker

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// opened returns a waker of each kind that the system has.
func opened(t *testing.T) (wakers []*Waker) {
	t.Helper()
	for _, kind := range []string{"", Eventfd, Pipe, Sockets} {
		w, err := Open(kind)
		if errors.Is(err, errors.ErrUnsupported) && kind != "" && kind != Sockets {
			continue
		}
		if err != nil {
			t.Fatalf("Open(%q): %v", kind, err)
		}
		if kind != "" && w.Kind() != kind {
			t.Errorf("Open(%q): got kind %q", kind, w.Kind())
		}
		t.Cleanup(func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
		wakers = append(wakers, w)
	}
	return wakers
}

// readable reports whether a wait for w returns within timeout.
func readable(t *testing.T, w *Waker, timeout time.Duration) bool {
	t.Helper()
	for {
		n, err := sys.Poll([]sys.PollFD{{Fd: int32(w.Handle()), Events: sys.PollIn}}, timeout)
		if err != nil && err != syscall.EINTR {
			t.Fatal(err)
		}
		if err == nil {
			return n == 1
		}
	}
}

func TestSignalMakesReadableAndClearUndoesAnyNumberOfSignals(t *testing.T) {
	const patience = time.Minute
	for _, w := range opened(t) {
		for _, signals := range []int{1, 200} {
			if readable(t, w, 0) {
				t.Errorf("%s: readable before a signal", w.Kind())
			}
			for range signals {
				if err := w.Signal(); err != nil {
					t.Fatal(err)
				}
			}
			if !readable(t, w, patience) {
				t.Errorf("%s: not readable after %d signals", w.Kind(), signals)
			}
			if err := w.Clear(); err != nil {
				t.Fatal(err)
			}
			// On Windows a part of the signals arrives later.
			for w.Kind() == Sockets && readable(t, w, 10*time.Millisecond) {
				if err := w.Clear(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if readable(t, w, 0) {
			t.Errorf("%s: readable after Clear", w.Kind())
		}
	}
}

func TestAWakerThatIsFullStaysReadable(t *testing.T) {
	for _, w := range opened(t) {
		if !w.FillsUp() {
			continue
		}
		for range 1 << 17 { // more than a pipe holds
			if err := w.Signal(); err != nil {
				t.Fatalf("%s: %v", w.Kind(), err)
			}
		}
		if !readable(t, w, time.Minute) {
			t.Errorf("%s: a full waker is not readable", w.Kind())
		}
	}
}

func TestAnUnknownKindIsUnsupported(t *testing.T) {
	if w, err := Open("bell"); w != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Open: got %v, %v; want an error that is ErrUnsupported", w, err)
	}
}
