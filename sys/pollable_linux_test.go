package sys_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

// TestPollableIsWhatEpollTakes compares CheckPollable with the result of an epoll instance.
func TestPollableIsWhatEpollTakes(t *testing.T) {
	ep, err := sys.EpollCreate()
	require.NoError(t, err)
	own(t, ep)
	a, _ := pair(t)
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	other, err := sys.EpollCreate()
	require.NoError(t, err)
	own(t, r, w)
	handles := map[string]sys.Handle{"socket": a, "pipe": r, "writing end": w, "epoll": other}
	for _, path := range []string{"/dev/null", "/dev/zero", "/proc/self/mounts", "/proc/self/stat", "/proc/sys/kernel/hostname", "/", os.Args[0]} {
		f, err := os.Open(path)
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		defer f.Close()
		handles[path] = sys.Handle(f.Fd())
	}
	for name, h := range handles {
		want := sys.EpollAdd(ep, h, sys.EpollIn, 0)
		got := sys.CheckPollable(h)
		if errors.Is(got, unix.EPERM) != (want == unix.EPERM) || errors.Is(got, sys.ErrNotPollable) != (want == unix.EPERM) || want == nil && got != nil {
			t.Errorf("%s: got %v, epoll_ctl returns %v", name, got, want)
		}
	}
	require.NoError(t, sys.Close(other))
	if err := sys.CheckPollable(other); err != unix.EBADF {
		t.Errorf("closed handle: got %v, want EBADF", err)
	}
}

// BenchmarkCheckPollable measures the cost of a queue's Add besides the registration.
func BenchmarkCheckPollable(b *testing.B) {
	s, err := sys.Socket(sys.IPv4)
	require.NoError(b, err)
	r, w, err := sys.Pipe()
	require.NoError(b, err)
	defer func() { _, _, _ = sys.Close(s), sys.Close(r), sys.Close(w) }()
	for name, h := range map[string]sys.Handle{"socket": s, "pipe": r} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, sys.CheckPollable(h))
			}
		})
	}
	b.Run("fstat", func(b *testing.B) {
		var st unix.Stat_t
		for b.Loop() {
			_ = unix.Fstat(int(s), &st)
		}
	})
}

func TestListens(t *testing.T) {
	l, _ := pair(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	own(t, sys.Handle(fd))
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	own(t, r, w)
	for h, want := range map[sys.Handle]error{l: nil, sys.Handle(fd): nil, r: unix.ENOTSOCK, sys.Invalid: unix.EBADF} {
		if got, err := sys.Listens(h); got || err != want {
			t.Errorf("got %v, %v, want false, %v", got, err, want)
		}
	}
	require.NoError(t, unix.Listen(fd, 1))
	if got, err := sys.Listens(sys.Handle(fd)); !got || err != nil {
		t.Errorf("got %v, %v for a listener, want true", got, err)
	}
}
