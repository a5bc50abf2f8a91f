package schedtest

import (
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/urgent"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// UrgentData is claimed if the system can send TCP urgent data.
const UrgentData Feature = "urgent data"

const shortRule = "ShortReadDrains reports whether a read of a plain TCP socket that returned fewer bytes than it had room for proves that no more are queued."

func urgentCases() []Case {
	const source = "tcp(7): a read stops at the urgent mark"
	cs := []Case{
		{ID: "handler/urgent", Doc: "sched.HandlerTask.ShortReadDrains", Rule: shortRule, Source: source, Needs: []Feature{UrgentData}, Run: handlerUrgent},
		{ID: "metrics/vain", Doc: "sched.Metrics.Vain", Run: metricsVain,
			Rule:   "Vain is the number of waits for a handle that ended in vain.",
			Source: "a loop that spins unnoticed"},
	}
	for _, f := range []form{taskForm, goroutineForm} {
		cs = append(cs, Case{ID: f.name + "-wait/urgent", Doc: "stream.Source", Rule: shortRule, Source: source, Needs: []Feature{UrgentData},
			Run: f.run(waitUrgent)},
			Case{ID: f.name + "-wait/short-read", Doc: "stream.Source", Rule: shortRule, Source: "one system call in three of an echo server",
				Run: f.run(waitShortRead)})
	}
	return cs
}

// urgentPlans are streams whose upper-case letters are sent as urgent data.
var urgentPlans = [][]string{
	{"A", "after"},
	{"before", "A", "after"},
	{"before", "A", "between", "B", "after"},
}

// plainBytes counts the bytes of p that were not sent as urgent data.
func plainBytes(p string) int {
	return len(p) - strings.Count(p, "A") - strings.Count(p, "B")
}

// shortRoom is larger than anything that the cases read.
const shortRoom = 64

// tcpPair opens a TCP connection, which is closed when the case ends.
func (r *Fixture) tcpPair(t T) (a, b sys.Handle) {
	t.Helper()
	a, b, err := urgent.Pair()
	if err != nil {
		t.Fatalf("TCP pair: %v", err)
	}
	r.handles = append(r.handles, a, b)
	return a, b
}

// feed sends all pieces while nothing polls the queue that reports to callers in form f. A Wait
// between two pieces would report the later ones by an event of their own.
func (r *Fixture) feed(t T, f form, h sys.Handle, pieces []string) {
	t.Helper()
	send := func() {
		if err := urgent.SendPieces(h, pieces); err != nil {
			t.Errorf("send: %v", err)
		}
	}
	if f.polled {
		r.poller.pause(t, r, send)
	} else {
		r.on(t, send)
	}
}

func waitUrgent(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	for _, pieces := range urgentPlans {
		a, b := r.tcpPair(t)
		reg := r.register(t, f, a)
		want := plainBytes(strings.Join(pieces, ""))
		done := f.spawn(t, r, func(func()) {
			var got []byte
			for waits := 0; plainBytes(string(got)) < want && waits < waitsMax; {
				p := make([]byte, shortRoom)
				n, err := urgent.Recv(a, p)
				got = append(got, p[:max(n, 0)]...)
				if err == sys.ErrWouldBlock || err == nil && reg.ShortReadDrains() && plainBytes(string(got)) < want {
					waits++
					err = reg.Wait(sys.Readable, time.Time{})
				}
				if err != nil {
					t.Errorf("read or wait: %v", err)
					return
				}
			}
			if n := plainBytes(string(got)); n != want {
				t.Errorf("%q: read %q", pieces, got)
			}
		})
		r.settle(t)
		r.feed(t, f, b, pieces)
		r.wait(t, done, "the bytes around urgent data are read")
	}
}

// waitShortRead sends plain bytes, after which the promise still holds where the queue can make it.
func waitShortRead(t T, r *Fixture, f form) {
	r.start(t, sched.Options{})
	a, b := r.tcpPair(t)
	reg := r.register(t, f, a)
	features := r.loop().Queue().Features()
	r.wait(t, f.spawn(t, r, func(func()) {
		for range 3 {
			send(t, b, "plain")
			if n, err := receive(reg, a, make([]byte, shortRoom)); n != len("plain") || err != nil {
				t.Errorf("receive: %d, %v", n, err)
				return
			}
			if (features.Urgent || !features.NativeEdge || !sys.StoppedAtMark(a)) && !reg.ShortReadDrains() {
				t.Errorf("a short read of plain bytes does not drain")
			}
		}
	}), "plain bytes are read")
}

func handlerUrgent(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for _, pieces := range urgentPlans {
		a, b := r.tcpPair(t)
		want := plainBytes(strings.Join(pieces, ""))
		var got []byte
		s := newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
			for plainBytes(string(got)) < want {
				p := make([]byte, shortRoom)
				n, err := urgent.Recv(a, p)
				got = append(got, p[:max(n, 0)]...)
				switch {
				case err == sys.ErrWouldBlock:
					return sched.WaitFor(queue.Readable)
				case err != nil || n == 0:
					return sched.Done(err)
				case task.ShortReadDrains() && plainBytes(string(got)) < want:
					return sched.WaitFor(queue.Readable)
				}
			}
			return sched.Done(nil)
		})
		var err error
		r.on(t, func() { _, err = r.loop().StartHandler(a, s) })
		if err != nil {
			t.Fatalf("Handle: %v", err)
		}
		r.fence(t)
		r.feed(t, taskForm, b, pieces)
		r.wait(t, s.ended, "a handler reads the bytes around urgent data")
		if s.err != nil || plainBytes(string(got)) != want {
			t.Errorf("%q: a handler read %q, %v", pieces, got, s.err)
		}
	}
}

// vainCounter is the optional method of a registration through which package stream counts.
type vainCounter interface{ NoProgress(d sys.Direction) }

func metricsVain(t T, r *Fixture) {
	r.poll()
	r.start(t, sched.Options{Metrics: true})
	want := uint64(0)
	for _, f := range []form{taskForm, goroutineForm} {
		a, _ := r.pair(t)
		c, ok := r.register(t, f, a).(vainCounter)
		if !ok {
			t.Fatalf("a registration of a %s does not count waits in vain", f.name)
		}
		for range 3 {
			r.wait(t, f.spawn(t, r, func(func()) { c.NoProgress(sys.Readable) }), "a wait in vain is counted")
			want++
		}
	}
	a, _ := r.pair(t)
	s := newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
		task.NoProgress()
		return sched.Done(nil)
	})
	r.on(t, func() {
		if _, err := r.loop().StartHandler(a, s); err != nil {
			t.Errorf("Handle: %v", err)
		}
	})
	r.wait(t, s.ended, "a handler ends")
	want++
	r.finish(t)
	sameCount(t, "waits in vain", r.ops.metrics(r.loop()).Vain, want)
	for _, other := range r.s.Loops()[1:] {
		sameCount(t, "waits in vain of another loop", r.ops.metrics(other).Vain, 0)
	}
}
