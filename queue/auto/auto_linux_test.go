package auto

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/stretchr/testify/require"
)

func TestOpenByNameAndByForce(t *testing.T) {
	for name, want := range map[string]string{
		"auto": "epoll eventfd", "epoll": "epoll eventfd", "epoll:pipe": "epoll pipe", "poll": "poll eventfd", "poll:pipe": "poll pipe",
		"iouring": "iouring nop", "iouring:eventfd": "iouring eventfd", "iouring:pipe": "iouring pipe",
	} {
		open := map[string]func() (queue.Queue, error){
			"ByName": func() (queue.Queue, error) { return ByName(name) },
		}
		if name != Auto {
			open["New"] = func() (queue.Queue, error) {
				t.Setenv(ForceVariable, name)
				q, _, err := New()
				t.Setenv(ForceVariable, "")
				return q, err
			}
		}
		for how, f := range open {
			q, err := f()
			if err != nil {
				t.Errorf("%s(%q): %v", how, name, err)
				continue
			}
			if got := q.Features().Mechanism + " " + q.Features().Waker; got != want {
				t.Errorf("%s(%q): got %s, want %s", how, name, got, want)
			}
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := ByName("kqueue"); err == nil || !strings.Contains(err.Error(), "epoll") {
		t.Errorf("ByName on a missing mechanism: got error %v, want one that names epoll", err)
	}
	if _, err := ByName("epoll:bell"); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("ByName with an unknown waker: got error %v, want ErrInvalid", err)
	}
}

func TestWithoutDescriptorsTheMechanismIsUnavailable(t *testing.T) {
	var old syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	none := syscall.Rlimit{Cur: 3, Max: old.Max}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
	_, passed, err := New()
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old))
	if !errors.Is(err, queue.ErrUnavailable) || !errors.Is(err, syscall.EMFILE) || len(passed) != 3 {
		t.Errorf("New without handles: got error %v, passed over %v; want ErrUnavailable with EMFILE for all three", err, passed)
	}
}
