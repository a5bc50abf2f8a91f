package queuetest

import (
	"os"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// EpollRules is a feature of the system: epoll_ctl(2) decides which handles can be waited for.
const EpollRules suite.Feature = "epoll's rules"

// specimen is a handle of a kind that all mechanisms of a system accept or all refuse.
type specimen struct {
	name string
	// open returns the handle and a function that releases it. An error means that this machine
	// does not have such a handle.
	open func() (h sys.Handle, release func(), err error)
}

const agreedRule = "All mechanisms of a system agree on which handles can be waited for. On Linux epoll_ctl(2) decides."

func pollableCases() []Case {
	return []Case{
		{
			ID: "pollable/refused", Doc: "queue.Queue.Add", Rule: agreedRule + " It refuses files on disk, memfds, directories, and character devices without a poll operation.",
			Source: "epoll_ctl(2) EPERM; a loop on io_uring spun on /dev/null",
			Needs:  []suite.Feature{EpollRules}, Run: pollableRefused,
		},
		{
			ID: "pollable/accepted", Doc: "queue.Queue.Add", Rule: agreedRule + " It accepts objects with a poll operation, including the files of /proc and /sys that report changes.",
			Source: "proc_pid_mountinfo(5), sysfs_notify in the kernel's documentation, epoll(7)",
			Needs:  []suite.Feature{EpollRules}, Run: pollableAccepted,
		},
		{
			ID: "pollable/always-ready", Doc: "queue.Queue.Add", Rule: "Only mode Level reports a handle that is always ready in every Wait.",
			Source: "proc_sys_poll in fs/proc/proc_sysctl.c has no wait queue",
			Needs:  []suite.Feature{EpollRules}, Run: pollableAlwaysReady,
		},
	}
}

// each runs f with each specimen that this machine has, and wants at least one.
func each(t T, specimens []specimen, f func(name string, h sys.Handle)) {
	t.Helper()
	found := false
	for _, s := range specimens {
		h, release, err := s.open()
		if err != nil {
			t.Logf("%s: %v", s.name, err)
			continue
		}
		found = true
		f(s.name, h)
		release()
	}
	if !found {
		t.Errorf("got no specimen on this machine, want at least one")
	}
}

func pollableRefused(t T, f *Fixture) {
	each(t, append(refusedSpecimens(), specimen{"a directory", opened(t.TempDir())}), func(name string, h sys.Handle) {
		for _, m := range modes {
			for _, i := range []queue.Interest{queue.None, queue.Readable, queue.Writable, queue.Both} {
				wantError(t, "add of "+name, f.Add(h, registration(1, i, m)), queue.ErrNotPollable)
			}
			wantError(t, "modify of "+name, f.Modify(h, registration(1, queue.Readable, m)), queue.ErrNotFound)
			wantError(t, "delete of "+name, f.Delete(h), queue.ErrNotFound)
		}
		f.silent(t, 1, "after its registration was refused")
	})
}

func pollableAccepted(t T, f *Fixture) {
	each(t, acceptedSpecimens(), func(name string, h sys.Handle) {
		for i, m := range modes {
			token := queue.Token(i + 1)
			if err := f.Add(h, registration(token, queue.Readable, m)); err != nil {
				t.Errorf("%v: add of %s: %v", m, name, err)
				continue
			}
			must(t, f.Modify(h, registration(token, queue.Both, m)))
			f.fence(t)
			must(t, f.Delete(h))
		}
	})
}

// pollableAlwaysReady does not check the first report, which other cases cover.
func pollableAlwaysReady(t T, f *Fixture) {
	each(t, alwaysReadySpecimens(), func(name string, h sys.Handle) {
		for i, m := range []queue.Mode{queue.Edge, queue.OneShot} {
			token := queue.Token(i + 1)
			must(t, f.Add(h, registration(token, queue.Readable, m)))
			f.calm(t, token, "in mode "+m.String()+", of "+name)
			must(t, f.Delete(h))
		}
	})
}

// opened opens an existing file for reading.
func opened(path string) func() (sys.Handle, func(), error) {
	return func() (sys.Handle, func(), error) {
		file, err := os.Open(path)
		if err != nil {
			return sys.Invalid, nil, err
		}
		// Fd makes the file blocking, which does not matter here. The number stays valid while file
		// lives.
		return sys.Handle(file.Fd()), func() { _ = file.Close() }, nil
	}
}
