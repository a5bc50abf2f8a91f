package wake

import (
	"errors"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys/waker"
	"github.com/stretchr/testify/require"
)

func TestOnlyKindsOfAQueueAreValid(t *testing.T) {
	for _, kind := range []string{"bell", waker.Sockets} {
		if _, err := Open(kind); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("Open(%q): got error %v, want ErrInvalid", kind, err)
		}
	}
	w, err := Open("")
	require.NoError(t, err)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestARefusalIsUnavailableAndALackUnsupported(t *testing.T) {
	for errno, want := range map[error]error{syscall.EMFILE: queue.ErrUnavailable, errors.ErrUnsupported: errors.ErrUnsupported} {
		err := Unavailable("call", errno)
		if !errors.Is(err, want) || !errors.Is(err, errno) || errors.Is(err, queue.ErrUnavailable) && errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Unavailable(%v): got %v, want only %v", errno, err, want)
		}
	}
}
