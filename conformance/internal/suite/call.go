package suite

import (
	"bytes"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// Call is a call on its own goroutine. A case can detect that it blocks. Use Go to make one.
type Call struct {
	goroutine string       // its number, as stack dumps print it
	thread    atomic.Int64 // the thread that the goroutine is locked to, or zero
	ended     chan struct{}
	settled   int // consecutive checks that found it where it may stay for long
}

// settledMin is how many consecutive checks must find a call in the same place if the system does
// not report whether it stays there.
const settledMin = 100

// Go calls f on its own goroutine, and on Linux on its own thread.
func Go(f func()) *Call { return GoPinned(func(func()) { f() }) }

// GoPinned is Go for a call that is observed to block early and works much later. unpin releases
// the thread.
func GoPinned(f func(unpin func())) *Call {
	c := &Call{ended: make(chan struct{})}
	started := make(chan struct{})
	go func() {
		defer close(c.ended)
		thread, release := pin()
		c.thread.Store(int64(thread))
		unpin := func() {
			if c.thread.Swap(0) != 0 {
				release()
			}
		}
		defer unpin()
		c.goroutine = ownNumber()
		close(started)
		f(unpin)
	}()
	<-started
	return c
}

// Ended is closed when the call has returned.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// HasEnded reports whether the call has returned.
func (c *Call) HasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// Blocked reports whether the call waits for an action of others: in the kernel, on a channel or on
// a condition. A call that has been woken is not blocked, even if it has not run since. On Linux
// the kernel reports whether a system call sleeps. Elsewhere many consecutive checks must find the
// call in the kernel. Only one goroutine at a time may call Blocked.
func (c *Call) Blocked() bool {
	if c.HasEnded() {
		return false
	}
	where := untold
	if thread := c.thread.Load(); thread != 0 {
		where = whereabouts(int(thread))
	}
	switch where {
	case asleep:
		return true
	case awake:
		c.settled = 0
		return false
	}
	switch stateOf(c.goroutine) {
	case "chan receive", "select", "sync.Cond.Wait", "IO wait":
		return true
	case "sleep": // perhaps between two polls of its own
	case "syscall":
		if where == idle { // it has run since
			c.settled = 0
			return false
		}
	default: // for example a mutex, which its holder will unlock
		c.settled = 0
		return false
	}
	c.settled++
	return c.settled >= settledMin
}

// UntilBlocked returns after each call has blocked or ended.
func UntilBlocked(t T, what string, calls ...*Call) {
	t.Helper()
	for _, c := range calls {
		Until(t, what, func() bool { return c.HasEnded() || c.Blocked() })
	}
}

// whereabout is where a thread is.
type whereabout uint8

const (
	untold whereabout = iota // the system does not report it
	awake                    // it runs, or is runnable
	idle                     // it sleeps in Go's runtime on behalf of its goroutine
	asleep                   // it sleeps in a system call of its goroutine
)

// Goroutine is a goroutine that a case observes.
type Goroutine struct{ number string }

// CurrentGoroutine returns the calling goroutine.
func CurrentGoroutine() Goroutine { return Goroutine{ownNumber()} }

// OffProcessor reports whether g neither runs nor is runnable: it is parked, or in a system call.
func (g Goroutine) OffProcessor() bool {
	state := stateOf(g.number)
	return state == "syscall" || parked(state)
}

// Parked reports whether g waits in Go's runtime, for example on a channel.
func (g Goroutine) Parked() bool { return parked(stateOf(g.number)) }

// The pauses between checks of UntilRests. Each check stops the world.
const (
	restPauseMin = 100 * time.Microsecond
	restPauseMax = 20 * time.Millisecond
)

// UntilRests calls rests until it returns true, at growing intervals, because rests looks at the
// stacks of the process. It ends the case as hung if that takes longer than its patience.
func UntilRests(t T, what string, rests func() bool) {
	t.Helper()
	begin := time.Now()
	for pause := restPauseMin; ; pause = min(2*pause, restPauseMax) {
		time.Sleep(pause)
		if rests() {
			return
		}
		if time.Since(begin) > t.Patience() {
			t.Hang("%s", what)
		}
	}
}

func parked(state string) bool {
	switch state {
	case "running", "runnable", "syscall", "preempted", "copystack", "":
		return false
	}
	return true
}

// ownNumber returns the number of the calling goroutine.
func ownNumber() string {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	return strings.Fields(string(text))[1]
}

// stateOf returns the state of a goroutine in the words of a stack dump ("goroutine 7 [chan
// receive, 2 minutes]:"). It returns "" if the goroutine has ended.
func stateOf(goroutine string) string {
	text := make([]byte, 64<<10)
	for {
		n := runtime.Stack(text, true)
		if n < len(text) {
			text = text[:n]
			break
		}
		text = make([]byte, 2*len(text))
	}
	header := []byte("goroutine " + goroutine + " ")
	for stack := range bytes.SplitSeq(text, []byte("\n\n")) {
		if !bytes.HasPrefix(stack, header) {
			continue
		}
		_, state, _ := bytes.Cut(stack, []byte("["))
		if end := bytes.IndexAny(state, ",(]"); end >= 0 {
			return string(bytes.TrimRight(state[:end], " "))
		}
	}
	return ""
}
