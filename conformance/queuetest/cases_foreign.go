package queuetest

import (
	"errors"
	"os"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// These features are kinds of handles other than sockets, which the system may lack.
const (
	Eventfd         suite.Feature = "eventfd"
	Timerfd         suite.Feature = "timerfd"
	Pidfd           suite.Feature = "pidfd"
	Terminal        suite.Feature = "terminal"         // a pair of pseudo-terminals
	RefusedDatagram suite.Feature = "refused datagram" // a datagram socket that gets an error if no socket listens
	Device          suite.Feature = "device"           // a character device
)

// kind is a kind of handle other than a socket.
type kind struct {
	feature suite.Feature
	// open returns a handle, a function that makes it readable, and a function that releases
	// everything.
	open func() (h sys.Handle, ready func() error, release func(), err error)
}

func (k kind) try() error {
	_, ready, release, err := k.open()
	if err != nil {
		return err
	}
	defer release()
	return ready()
}

// kindNames are part of every run, so that the summary names the kinds that the system lacks.
var kindNames = [...]suite.Feature{Pipe, Eventfd, Timerfd, Pidfd, Terminal, RefusedDatagram}

func foreignCases() []Case {
	var cases []Case
	for _, name := range kindNames {
		id := map[suite.Feature]string{RefusedDatagram: "refused-datagram"}[name]
		if id == "" {
			id = string(name)
		}
		cases = append(cases, Case{
			ID: "foreign/" + id, Doc: "queue.Queue.Add", Rule: "The registration reports h, whatever its kind: Add never accepts a handle that it then does not report.",
			Source: "libuv 44e61dab, smol#134, tokio#7494, udp(7), timerfd_create(2), pidfd_open(2), pty(7)",
			Needs:  []suite.Feature{name}, Run: func(t T, f *Fixture) { foreign(t, f, name) },
		})
	}
	return append(cases, []Case{
		{
			ID: "foreign/device", Doc: "queue.Queue.Add", Rule: "Add returns ErrNotPollable if the mechanism cannot wait for this kind of handle. It reports every handle that it accepts.",
			Source: "libuv 44e61dab", Needs: []suite.Feature{Device}, Run: device,
		},
		{
			ID: "foreign/directory", Doc: "queue.Queue.Add", Rule: "Add returns ErrNotPollable if the mechanism cannot wait for this kind of handle.",
			Source: "epoll_ctl(2) EPERM, tokio#6329", Run: directory,
		},
		{
			ID: "foreign/duplicate", Doc: "queue.Queue.Add", Rule: "Two handles of one open file are two registrations: each is reported and ends independently.",
			Source: "epoll(7) Q0, libuv ce56a85b", Needs: []suite.Feature{Duplicate}, Run: duplicates,
		},
		{
			ID: "foreign/descriptor-0", Doc: "queue.Queue.Add", Rule: "A handle may have any number.",
			Source: "evio 70e0b0e; gnet and nbio check for a positive number", Needs: []suite.Feature{DescriptorZero}, Run: descriptorZero,
		},
	}...)
}

func foreign(t T, f *Fixture, name suite.Feature) {
	for i, m := range modes {
		for _, k := range kinds() {
			if k.feature != name {
				continue
			}
			h, ready, release, err := k.open()
			must(t, err)
			t.Cleanup(release)
			token := queue.Token(i + 1)
			must(t, f.Add(h, registration(token, queue.Readable, m)))
			f.calm(t, token, "before it is ready")
			must(t, ready())
			f.expect(t, token, queue.Readable)
			must(t, f.Delete(h))
		}
	}
}

func pipeKind() (h sys.Handle, ready func() error, release func(), err error) {
	r, w, err := sys.Pipe()
	ready = func() error {
		_, err := sys.Write(w, []byte{1})
		return err
	}
	return r, ready, func() { _, _ = sys.Close(r), sys.Close(w) }, err
}

// acceptedOrNot fails t unless h is either refused without a trace or reported.
func (f *Fixture) acceptedOrNot(t T, h sys.Handle) {
	t.Helper()
	for i, m := range modes {
		token := queue.Token(i + 1)
		err := f.Add(h, registration(token, queue.Both, m))
		if errors.Is(err, queue.ErrNotPollable) {
			wantError(t, "delete after the refused add", f.Delete(h), queue.ErrNotFound)
			continue
		}
		must(t, err)
		f.expect(t, token, queue.Writable)
		must(t, f.Delete(h))
	}
}

func device(t T, f *Fixture) {
	file, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	f.acceptedOrNot(t, sys.Handle(file.Fd()))
}

func directory(t T, f *Fixture) {
	file, err := os.Open(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	h := sys.Handle(file.Fd())
	wantError(t, "add", f.Add(h, registration(1, queue.Readable, queue.Level)), queue.ErrNotPollable)
	wantError(t, "delete after the refused add", f.Delete(h), queue.ErrNotFound)
}

func duplicates(t T, f *Fixture) {
	for _, m := range modes {
		a, b := pair(t)
		h, err := duplicate(a.handle)
		must(t, err)
		d := own(t, h)
		f.add(t, a, 1, queue.Readable, m)
		f.add(t, d, 2, queue.Writable, m)
		f.expect(t, 2, queue.Writable)
		b.send(t, 1)
		f.expect(t, 1, queue.Readable)
		must(t, f.Delete(d.handle))
		d.close(t)
		f.modify(t, a, 3, queue.Readable, m)
		f.expect(t, 3, queue.Readable)
		f.silent(t, 2, "after Delete of the duplicate")
		must(t, f.Delete(a.handle))
	}
}

func descriptorZero(t T, f *Fixture) {
	a, b := pair(t)
	restore, err := putOnZero(a.handle)
	must(t, err)
	t.Cleanup(func() { must(t, restore()) })
	for i, m := range modes {
		token := queue.Token(i + 1)
		must(t, f.Add(0, registration(token, queue.Readable, m)))
		f.calm(t, token, "before it is ready")
		b.send(t, 1)
		f.expect(t, token, queue.Readable)
		f.drain(t, &end{handle: 0})
		wantError(t, "second add", f.Add(0, registration(token, queue.Readable, m)), queue.ErrExists)
		must(t, f.Modify(0, registration(token, queue.Both, m)))
		f.expect(t, token, queue.Writable)
		must(t, f.Wake())
		f.fence(t)
		must(t, f.Delete(0))
	}
}
