package queuetest

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
)

func deleteCases() []Case {
	cases := perMode(Case{
		ID: "deleted", Doc: "queue.Queue.Delete", Rule: "No Wait that starts after Delete has returned reports h.",
		Source: "mio#1205, mio#808",
	}, deleted)
	return append(cases, []Case{
		{
			ID: "delete/add-again", Doc: "queue.Queue.Delete", Rule: "Delete ends the registration of h. The caller may add h again, and it is reported at once if it is ready.",
			Source: "netty e348bd92", Run: addAgain,
		},
		{
			ID: "delete/number-reused", Doc: "queue.Queue.Delete", Rule: "No Wait that starts after Delete has returned reports h, even if the number of h is used again.",
			Source: "gnet#621, netty#15150, libuv uv__platform_invalidate_fd", Run: numberReused,
		},
		{
			ID: "delete/in-batch", Doc: "queue.Queue.Wait", Rule: "Events that a Wait left for the next Wait are not reported after Delete.",
			Source: "libuv uv__platform_invalidate_fd, netty e348bd92", Run: deletedInBatch,
		},
		{
			ID: "delete/late", Doc: "queue.Queue.Delete", Rule: "Delete ends the registration of h even if h was closed and its number reused. The successor is added after that Delete.",
			Source: "netty e348bd92, sonic#161", Run: deletedLate,
		},
		{
			ID: "modify/while-waiting", Doc: "queue.Queue.Modify", Rule: "Modify replaces the whole registration of h, including the token: no Wait that starts after it has returned reports the old token.",
			Source: "mio 6b25a424, mio#394", Run: modifiedWhileWaiting,
		},
		{
			ID: "delete/while-waiting", Doc: "queue.Queue.Delete", Rule: "No Wait that starts after Delete has returned reports h, regardless of how many Waits are running.",
			Source: "mio#1205, polling concurrent tests", Run: deletedWhileWaiting,
		},
		{
			ID: "delete/after-close", Doc: "queue.Queue.Delete", Rule: "A handle closed before Delete is not reported repeatedly, and Delete ends its registration.",
			Source: "libuv ce56a85b", Run: deletedAfterClose,
			Alone: true, // the number could be reused at once, and poll(2) knows only the number
		},
	}...)
}

func deleted(t T, f *Fixture, m queue.Mode) {
	for i := range 3 {
		a, b := pair(t)
		token := queue.Token(i + 1)
		if i == 1 {
			f.add(t, a, token, queue.Both, m)
		}
		b.send(t, 1)
		if i != 1 {
			f.add(t, a, token, queue.Both, m)
		}
		if i == 2 {
			f.expect(t, token, queue.Both)
		}
		must(t, f.Delete(a.handle))
		f.silent(t, token, "after Delete")
		b.send(t, 1)
		f.silent(t, token, "after Delete and an arrival")
		b.close(t)
		f.silent(t, token, "after Delete and a hang-up")
	}
}

func addAgain(t T, f *Fixture) {
	a, b := pair(t)
	b.send(t, 1)
	for i := range 6 {
		token := queue.Token(i + 1)
		f.add(t, a, token, queue.Readable, modes[i%len(modes)])
		f.expect(t, token, queue.Readable)
		must(t, f.Delete(a.handle))
	}
}

// numberReused closes and opens handles, so that the kernel reuses the numbers.
func numberReused(t T, f *Fixture) {
	const rounds = 50
	for i := range rounds {
		old, now := queue.Token(i), queue.Token(i+1)
		a, b := pair(t)
		f.add(t, a, now, queue.Readable, modes[i%len(modes)])
		f.silent(t, old, "of the previous handle with this number")
		b.send(t, 1)
		f.expect(t, now, queue.Readable)
		must(t, f.Delete(a.handle))
		a.close(t)
		b.close(t)
	}
}

func deletedInBatch(t T, f *Fixture) {
	for _, m := range modes {
		a, _ := pair(t)
		b, _ := pair(t)
		f.add(t, a, 1, queue.Writable, m)
		f.add(t, b, 2, queue.Writable, m)
		one := make([]queue.Event, 1)
		n, err := f.Wait(one, f.patience)
		must(t, err)
		if n != 1 {
			t.Fatalf("%v: got no event, want one of two ready sources", m)
		}
		other, token := b, queue.Token(2)
		if one[0].Token == token {
			other, token = a, 1
		}
		must(t, f.Delete(other.handle))
		other.close(t)
		again, _ := pair(t) // most likely reuses the number
		f.add(t, again, 3, queue.Readable, m)
		f.silent(t, token, "after Delete, left over from the previous batch")
		for _, e := range []*end{a, b, again} {
			if e != other {
				must(t, f.Delete(e.handle))
			}
		}
	}
}

func deletedWhileWaiting(t T, f *Fixture) {
	const rounds, live, waiters = 60, 6, 4
	// Round i deletes token i. A Wait that started when `gone` was beyond i must not report it.
	var gone, waits atomic.Int64
	stamp := func() int64 {
		waits.Add(1)
		return gone.Load()
	}
	stop := f.waiters(t, waiters, stamp, func(e queue.Event, started int64) {
		if int64(e.Token) < started {
			t.Errorf("token %d was reported by a Wait that started after the delete of token %d", e.Token, started-1)
		}
	})
	var ends [live]*end
	for i := range ends {
		ends[i], _ = pair(t)
		f.add(t, ends[i], queue.Token(i), queue.Writable, modes[i%len(modes)])
	}
	for i := range rounds {
		e := ends[i%live]
		must(t, f.Delete(e.handle))
		gone.Store(int64(i) + 1)
		// Some of the registrations that are left are ready in every Wait, so that several Waits
		// start and end meanwhile.
		before := waits.Load()
		suite.Until(t, "waits with a ready level", func() bool { return waits.Load() >= before+2*waiters })
		f.add(t, e, queue.Token(i+live), queue.Writable, modes[i%len(modes)])
	}
	stop(t)
}

func deletedLate(t T, f *Fixture) {
	for i := range 10 {
		m := modes[i%len(modes)]
		old, now := queue.Token(2*i+1), queue.Token(2*i+2)
		a, _ := pair(t)
		f.add(t, a, old, queue.Readable, m)
		a.close(t)
		next, peer := pair(t) // most likely reuses the number
		must(t, f.Delete(a.handle))
		f.add(t, next, now, queue.Readable, m)
		f.calm(t, now, "before it is ready")
		peer.send(t, 1)
		f.expect(t, now, queue.Readable)
		f.silent(t, old, "after Delete")
		must(t, f.Delete(next.handle))
	}
	// The successor may be a handle that the mechanism cannot even wait for.
	for i, m := range modes {
		a, _ := pair(t)
		f.add(t, a, queue.Token(i), queue.Readable, m)
		a.close(t)
		file, err := os.Create(filepath.Join(t.TempDir(), "file"))
		must(t, err)
		err = f.Delete(a.handle)
		must(t, file.Close())
		must(t, os.Remove(file.Name())) // by name: removing a tree works by handle, which Wine lacks
		must(t, err)
	}
}

func modifiedWhileWaiting(t T, f *Fixture) {
	const rounds = 200
	a, b := pair(t)
	b.send(t, 1)
	var current atomic.Int64
	var seen atomic.Int64
	stop := f.waiters(t, 3, current.Load, func(e queue.Event, started int64) {
		if int64(e.Token) < started {
			t.Errorf("token %d was reported by a Wait that started after token %d had replaced it", e.Token, started)
		}
		for latest := seen.Load(); latest < int64(e.Token) && !seen.CompareAndSwap(latest, int64(e.Token)); latest = seen.Load() {
		}
	})
	f.add(t, a, 0, queue.Both, queue.Level)
	for i := range rounds {
		token := int64(i + 1)
		f.modify(t, a, queue.Token(token), queue.Both, modes[i%len(modes)])
		current.Store(token)
		if i%10 > 0 { // most are replaced before they are reported
			continue
		}
		suite.Until(t, fmt.Sprintf("an event of token %d after Modify", token), func() bool { return seen.Load() >= token })
	}
	stop(t)
}

func deletedAfterClose(t T, f *Fixture) {
	a, b := pair(t)
	b.send(t, 1)
	f.add(t, a, 1, queue.Readable, queue.Level)
	f.expect(t, 1, queue.Readable)
	a.close(t)
	reports := 0
	for range 5 {
		for _, e := range f.fence(t) {
			if e.Token == 1 {
				reports++
			}
		}
	}
	if reports > 1 {
		t.Errorf("a closed handle was reported %d times", reports)
	}
	must(t, f.Delete(a.handle))
	wantError(t, "second delete", f.Delete(a.handle), queue.ErrNotFound)
}
