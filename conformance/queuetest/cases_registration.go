package queuetest

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func registrationCases() []Case {
	return []Case{
		{
			ID: "add/twice", Doc: "queue.Queue.Add", Rule: "Add returns ErrExists if h is registered, and changes nothing.",
			Source: "polling 9e143a3, gnet#572", Run: addTwice,
		},
		{
			ID: "add/unknown", Doc: "queue.Queue.Modify", Rule: "Modify and Delete return ErrNotFound if h is not registered.",
			Source: "polling 9e143a3, polling b3ac6fe", Run: unknownHandle,
		},
		{
			ID: "add/regular-file", Doc: "queue.Queue.Add", Rule: "Add returns ErrNotPollable if the mechanism cannot wait for this kind of handle (a regular file).",
			Source: "libuv 44e61dab, tokio#6329", Run: regularFile,
		},
		{
			ID: "add/closed-handle", Doc: "queue.Queue.Add", Rule: "Add returns EBADF for a handle that is not open and leaves nothing behind.",
			Source: "gaio 23e468d, tokio#6329", Run: closedHandle,
		},
		{
			ID: "add/invalid", Doc: "queue.Queue.Add", Rule: "Add and Modify return ErrInvalid for a mode or interest that does not exist.",
			Source: "WSAPoll, which fails the whole call: rabbitmq-c#257", Run: invalidRegistration,
		},
		{
			ID: "add/failures", Doc: "queue.Queue.Add", Rule: "Add that fails leaves nothing behind, not even a descriptor.",
			Source: "gaio 23e468d, tokio#6329", Needs: []suite.Feature{Descriptors}, Run: addFailures,
		},
		{
			ID: "would-block/unknown", Doc: "queue.Queue.WouldBlock", Rule: "WouldBlock returns ErrNotFound if it is not free, and nil if it is.",
			Source: "polling 9e143a3", Run: wouldBlockUnknown,
		},
		{
			ID: "add/many", Doc: "queue.Queue.Wait", Rule: "Every registration is reported, regardless of how many exist.",
			Source: "sonic#161", Run: addMany,
		},
		{
			ID: "interest/none", Doc: "queue.Registration.Interest", Rule: "Interest may be None: the handle is registered and not reported.",
			Source: "epoll_ctl(2): EPOLLERR and EPOLLHUP are always reported", Run: interestNone,
		},
		{
			ID: "interest/only", Doc: "queue.Ready", Rule: "Readable and Writable are set only for directions of the interest.",
			Source: "netius#103", Run: interestOnly,
		},
		{
			ID: "interest/switch", Doc: "queue.Queue.Modify", Rule: "Modify replaces the registration of h: a dropped direction is not reported, and an added one is.",
			Source: "libuv 47e95602, smol#111", Run: interestSwitch,
		},
		{
			ID: "token/any", Doc: "queue.Token", Rule: "Token is chosen by the caller and comes back with each event.",
			Source: "libxev 283a911 (zero), evio 70e0b0e (the waker's own)", Run: anyToken,
		},
		{
			ID: "token/collected", Doc: "queue.Token", Rule: "A registration holds no memory of the caller: it is reported even after every reference to it was dropped.",
			Source: "netpoll#360, netpoll#366, gaio fa7de8e", Run: afterCollection,
		},
	}
}

func addTwice(t T, f *Fixture) {
	a, _ := pair(t)
	f.add(t, a, 1, queue.Writable, queue.Level)
	wantError(t, "second add", f.Add(a.handle, registration(2, queue.Writable, queue.Level)), queue.ErrExists)
	f.expect(t, 1, queue.Writable)
}

func unknownHandle(t T, f *Fixture) {
	a, _ := pair(t)
	r := registration(1, queue.Readable, queue.Level)
	wantError(t, "modify before add", f.Modify(a.handle, r), queue.ErrNotFound)
	wantError(t, "delete before add", f.Delete(a.handle), queue.ErrNotFound)
	must(t, f.Add(a.handle, r))
	must(t, f.Delete(a.handle))
	wantError(t, "modify after delete", f.Modify(a.handle, r), queue.ErrNotFound)
	wantError(t, "delete after delete", f.Delete(a.handle), queue.ErrNotFound)
}

func regularFile(t T, f *Fixture) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	// Removed by name: Wine 8 lacks what os.RemoveAll asks Windows for.
	t.Cleanup(func() { must(t, errors.Join(file.Close(), os.Remove(file.Name()))) })
	h := sys.Handle(file.Fd())
	wantError(t, "add", f.Add(h, registration(1, queue.Readable, queue.Level)), queue.ErrNotPollable)
	wantError(t, "delete after the refused add", f.Delete(h), queue.ErrNotFound)
}

func closedHandle(t T, f *Fixture) {
	// The highest numbers are unused, regardless of the order in which other tests of this process
	// open and close handles.
	for _, h := range []sys.Handle{math.MaxInt32, 1<<30 - 1, sys.Invalid} {
		if err := f.Add(h, registration(1, queue.Readable, queue.Level)); !notOpen(err) {
			t.Errorf("add of a handle that is not open: got %v", err)
		}
		wantError(t, "delete after the refused add", f.Delete(h), queue.ErrNotFound)
	}
}

func addFailures(t T, f *Fixture) {
	const failures = 3000
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	t.Cleanup(func() { must(t, file.Close()) })
	descriptorTable.Lock()
	defer descriptorTable.Unlock()
	before, err := descriptors()
	must(t, err)
	for i := range failures {
		h := sys.Handle(file.Fd())
		if i%2 == 1 {
			h = math.MaxInt32
		}
		if f.Add(h, registration(1, queue.Readable, modes[i%len(modes)])) == nil {
			t.Fatalf("add of handle %v: got nil, want an error", h)
		}
	}
	after, err := descriptors()
	must(t, err)
	// The rest of the process opens and closes descriptors meanwhile.
	if after > before+failures/2 {
		t.Errorf("%d descriptors are open after %d failed calls, %d before", after, failures, before)
	}
}

func wouldBlockUnknown(t T, f *Fixture) {
	a, _ := pair(t)
	for range 2 {
		for _, h := range []sys.Handle{a.handle, math.MaxInt32, sys.Invalid} {
			if err := f.WouldBlock(h, queue.Readable); err != nil {
				wantError(t, "would-block of an unregistered handle", err, queue.ErrNotFound)
			}
		}
		f.add(t, a, 1, queue.Readable, queue.Edge)
		must(t, f.Delete(a.handle))
	}
}

func invalidRegistration(t T, f *Fixture) {
	a, b := pair(t)
	f.add(t, b, 1, queue.Readable, queue.Level)
	for _, r := range []queue.Registration{
		{Token: 2, Interest: queue.Readable, Mode: queue.OneShot + 1},
		{Token: 2, Interest: queue.Both + 1},
	} {
		wantError(t, "add", f.Add(a.handle, r), queue.ErrInvalid)
		wantError(t, "modify", f.Modify(b.handle, r), queue.ErrInvalid)
	}
	a.send(t, 1)
	f.expect(t, 1, queue.Readable)
}

func addMany(t T, f *Fixture) {
	const pairs = 40 // more events than the slice of one Wait
	want := map[queue.Token]bool{}
	for i := range pairs {
		a, b := pair(t)
		for j, e := range []*end{a, b} {
			token := queue.Token(2*i + j)
			want[token] = true
			f.add(t, e, token, queue.Writable, queue.OneShot)
		}
	}
	for range 2 * len(want) {
		if len(want) == 0 {
			return
		}
		events := f.wait(t, f.patience)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			delete(want, e.Token)
		}
	}
	t.Errorf("%d of %d registrations were not reported", len(want), 2*pairs)
}

func interestNone(t T, f *Fixture) {
	for i, m := range modes {
		a, b := pair(t)
		b.send(t, 1)
		token := queue.Token(i + 1)
		f.add(t, a, token, queue.None, m)
		f.silent(t, token, "without interest")
		f.modify(t, a, token, queue.Both, m)
		f.expect(t, token, queue.Both)
		f.modify(t, a, token, queue.None, m)
		f.silent(t, token, "after its interest was removed")
	}
}

func interestOnly(t T, f *Fixture) {
	for i, m := range modes {
		for j, want := range []queue.Interest{queue.Readable, queue.Writable} {
			a, b := pair(t)
			b.send(t, 1) // a is readable and writable
			token := queue.Token(2*i + j)
			f.add(t, a, token, want, m)
			if got := f.expect(t, token, want).Ready.Directions(); got != want {
				t.Errorf("%v: got a report of %v for an interest in %v", m, got, want)
			}
			must(t, f.Delete(a.handle))
		}
	}
}

func interestSwitch(t T, f *Fixture) {
	for i, m := range modes {
		a, b := pair(t)
		b.send(t, 1) // a is readable and writable
		token := queue.Token(i + 1)
		f.add(t, a, token, queue.Writable, m)
		for _, want := range []queue.Interest{queue.Readable, queue.Writable, queue.Both, queue.Writable} {
			f.modify(t, a, token, want, m)
			if got := f.expect(t, token, want).Ready.Directions(); got != want {
				t.Errorf("%v: got a report of %v after the interest was changed to %v", m, got, want)
			}
		}
		must(t, f.Delete(a.handle))
	}
}

func anyToken(t T, f *Fixture) {
	tokens := []queue.Token{0, 1, math.MaxInt32, math.MaxUint32, 1 << 32, math.MaxInt64, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}
	for _, token := range tokens {
		a, _ := pair(t)
		f.add(t, a, token, queue.Writable, queue.OneShot)
	}
	for range 4 * len(tokens) {
		if len(tokens) == 0 {
			return
		}
		events := f.wait(t, f.patience)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			i := slices.Index(tokens, e.Token)
			if i < 0 {
				t.Fatalf("got token %#x, which belongs to no registration", uint64(e.Token))
			}
			tokens = slices.Delete(tokens, i, i+1)
		}
	}
	t.Errorf("not reported: %#x", tokens)
}

func afterCollection(t T, f *Fixture) {
	const registrations = 8
	var peers []*end
	for i := range registrations {
		a, b := pair(t)
		func() {
			r := new(queue.Registration)
			*r = registration(queue.Token(i+1), queue.Readable, queue.Edge)
			must(t, f.Add(a.handle, *r))
		}()
		peers = append(peers, b)
	}
	for range 3 {
		runtime.GC()
	}
	for i, b := range peers {
		b.send(t, 1)
		f.expect(t, queue.Token(i+1), queue.Readable)
	}
}
