package suite

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// stackBytesMax bounds the goroutine dump of a hang.
const stackBytesMax = 256 << 10

// A probe checks every stallProbe whether the process runs. A check that is at least stallMin late
// counts as a stop.
const (
	stallProbe = 50 * time.Millisecond
	stallMin   = 100 * time.Millisecond
)

// stalls measures how long the process was stopped while a case ran: by a signal, a debugger, the
// hypervisor or other load. It distinguishes a stopped machine from a lost event.
type stalls struct {
	begun          time.Time
	total, longest atomic.Int64 // nanoseconds
	stop           chan struct{}
}

// watchStalls measures until end is called.
func watchStalls() *stalls {
	s := &stalls{begun: time.Now(), stop: make(chan struct{})}
	go s.run()
	return s
}

func (s *stalls) end() { close(s.stop) }

func (s *stalls) run() {
	timer := time.NewTimer(stallProbe)
	defer timer.Stop()
	for {
		due := time.Now().Add(stallProbe)
		select {
		case <-s.stop:
			return
		case <-timer.C:
		}
		if late := time.Since(due); late >= stallMin {
			s.total.Add(int64(late))
			if int64(late) > s.longest.Load() {
				s.longest.Store(int64(late))
			}
		}
		timer.Reset(stallProbe)
	}
}

func (s *stalls) String() string {
	return fmt.Sprintf("the process was stopped for %v of %v, at most %v at once",
		time.Duration(s.total.Load()).Round(time.Millisecond), time.Since(s.begun).Round(time.Millisecond),
		time.Duration(s.longest.Load()).Round(time.Millisecond))
}

// evidence returns everything known about a hang. It starts with how long the process was stopped
// and the text registered with Evidence. The kernel's view of the registrations of each queue and
// the stacks of all goroutines follow.
func (r *recorder) evidence() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.stalls)
	r.mu.Lock()
	fs := r.evidences
	r.mu.Unlock()
	for _, f := range fs {
		fmt.Fprintln(&b, strings.TrimRight(f(), "\n"))
	}
	b.WriteString(registrations())
	buf := make([]byte, stackBytesMax)
	b.Write(buf[:runtime.Stack(buf, true)])
	return b.String()
}

// Receive receives one value from c. It ends the case as hung if no value arrives within its
// patience.
func Receive[V any](t T, what string, c <-chan V) V {
	t.Helper()
	timer := time.NewTimer(t.Patience())
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
	}
	t.Hang("%s", what)
	panic("unreachable: Hang ends the case")
}

// pollEvery is how long Until and Moving sleep between two checks, after yieldsMax yields did not
// help.
const (
	pollEvery = 200 * time.Microsecond
	yieldsMax = 100
)

// Until calls so until it returns true. It ends the case as hung if that takes longer than its
// patience.
func Until(t T, what string, so func() bool) {
	t.Helper()
	Moving(t, what, func() int { return 0 }, so)
}

// Moving is Until for long work. The case hangs if moved returns the same value for as long as its
// patience.
func Moving(t T, what string, moved func() int, done func() bool) {
	t.Helper()
	last, since := moved(), time.Now()
	for looks := 0; !done(); looks++ {
		switch now := moved(); {
		case now != last:
			last, since = now, time.Now()
		case time.Since(since) > t.Patience():
			t.Hang("%s (at %d)", what, now)
		}
		if looks < yieldsMax {
			runtime.Gosched()
		} else {
			time.Sleep(pollEvery)
		}
	}
}
