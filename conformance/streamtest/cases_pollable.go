package streamtest

import (
	"errors"
	"io"
	"os"
	"strings"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// EpollRules is claimed if epoll_ctl(2) decides which handles can be waited for.
const EpollRules Feature = "epoll's rules"

func pollableCases() []Case {
	all := []Case{
		{
			ID: "adopt/device", Doc: "stream.Adopt",
			Rule:   "A device that is always ready is refused with ErrNotPollable, the same error that Add of a queue returns.",
			Source: "epoll_ctl(2), EPERM; a daemon's standard input is /dev/null",
			Run:    in(adoptDevice),
		},
		{
			ID: "adopt/file-that-reports", Doc: "stream.Adopt",
			Rule:   "A regular file that the kernel can wait for is adopted, and can be read to its end.",
			Source: "proc_pid_mounts(5)",
			Run:    in(adoptFileThatReports),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{NonblockFlag, EpollRules}
	}
	return all
}

func adoptDevice(w *world) {
	for _, path := range []string{"/dev/null", "/dev/zero"} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		w.check(err, "open")
		w.own(f)
		s, err := w.f.parts.adopted(sys.Handle(f.Fd()))
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, stream.ErrNotPollable) || !errors.Is(err, queue.ErrNotPollable) {
			w.Errorf("adopting %s: %v, want ErrNotPollable of packages stream and queue", path, err)
			continue
		}
		if _, err := f.Write([]byte("x")); err != nil {
			w.Errorf("a write to %s after it was refused: %v", path, err)
		}
	}
}

func adoptFileThatReports(w *world) {
	f, err := os.Open("/proc/self/mounts")
	w.check(err, "open")
	w.own(f)
	c := w.duplicate(f)
	got := call(w, "read all", func() result {
		p, err := io.ReadAll(c)
		return result{p, len(p), err}
	}).get()
	if got.err != nil || !strings.Contains(string(got.data), "proc") {
		w.Errorf("read: %v, want the mounted file systems", got)
	}
}
