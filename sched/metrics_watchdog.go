package sched

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
)

// Stall is a report of the watchdog: a task has held its loop for longer than Options.MaxTurn.
type Stall struct {
	// Task is the name of the task, or a name from Options.Ended such as "handler" or "posted
	// function".
	Task string
	// Stack is the stack of the task, or of the loop if the loop itself holds the thread. It has
	// the format of runtime.Stack. If the stack was not found, it is a text to that effect.
	Stack []byte
}

// dumpBytesMax bounds the dump of all goroutines that is searched for a stack.
const dumpBytesMax = 16 << 20

// watchdog replaces the holder of the thread with its own mark. The loop overwrites the mark
// whenever it gives the thread to a task or takes it back. A mark that is still there at the next
// look means that no such change has happened. The loop therefore pays only one store per change.
type watchdog struct {
	turn    atomic.Pointer[holder]
	loop    holder // its goroutine runs the three below
	posted  holder
	drain   holder
	handler holder
	mark    holder  // only look stores it in turn
	suspect *holder // the holder that mark replaced; owned by look, like the fields below
	marked  time.Time
	told    bool // the suspect was reported

	limit      time.Duration
	stalled    func(Stall)
	stop, over chan struct{}
}

// holder is a task or function that has the thread of a loop. It does not change once it has been
// in turn.
type holder struct {
	name      string
	goroutine []byte // prefix in dumps, "goroutine 7 "; nil for that of the loop
}

// watch starts a watchdog, if Options asks for one, for the worker of l that calls it.
func (l *Loop) watch() *watchdog {
	if l.options.MaxTurn <= 0 {
		return nil
	}
	w := &watchdog{limit: l.options.MaxTurn, stalled: l.options.Stalled, stop: make(chan struct{}), over: make(chan struct{})}
	w.loop = holder{name: "loop", goroutine: goroutineHeader()}
	w.posted = holder{name: postedName}
	w.drain = holder{name: drainName}
	w.handler = holder{name: handlerName}
	go w.run()
	return w
}

// end stops the watchdog and waits for it. w may be nil.
func (w *watchdog) end() {
	if w == nil {
		return
	}
	close(w.stop)
	<-w.over
}

func (w *watchdog) run() {
	defer close(w.over)
	const looksPerTurn = 2
	ticker := time.NewTicker(max(1, w.limit/looksPerTurn))
	defer ticker.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
			w.look(time.Now())
		}
	}
}

// look marks the current holder, or reports it if the mark has stayed for the limit.
func (w *watchdog) look(now time.Time) {
	h := w.turn.Load()
	switch {
	case h == nil: // the loop waits
	case h != &w.mark:
		w.suspect, w.marked, w.told = h, now, false
		w.turn.CompareAndSwap(h, &w.mark)
	case !w.told && now.Sub(w.marked) >= w.limit:
		w.told = true
		dump := dumpGoroutines()
		if w.turn.Load() == &w.mark { // otherwise the holder changed, and the stack may not be its own
			w.stalled(Stall{w.suspect.name, w.stackOf(w.suspect, dump)})
		}
	}
}

// stackOf returns the part of dump for h. A coroutine that does not run has given the thread to its
// loop, which then holds it.
func (w *watchdog) stackOf(h *holder, dump []byte) []byte {
	if stack := find(dump, h.goroutine); stack != nil {
		if first, _, _ := bytes.Cut(stack, []byte("\n")); !bytes.Contains(first, []byte("[coroutine")) {
			return stack
		}
	}
	if stack := find(dump, w.loop.goroutine); stack != nil {
		return stack
	}
	return []byte("stack not found\n")
}

// find returns the stack whose first line begins with header.
func find(dump, header []byte) []byte {
	if header == nil {
		return nil
	}
	for len(dump) > 0 {
		stack, rest, _ := bytes.Cut(dump, []byte("\n\n"))
		if bytes.HasPrefix(stack, header) {
			return stack
		}
		dump = rest
	}
	return nil
}

func dumpGoroutines() []byte {
	const bytesMin = 64 << 10
	for size := bytesMin; ; size *= 4 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= dumpBytesMax {
			return buf[:n]
		}
	}
}

// goroutineHeader returns the prefix of the calling goroutine's stack, "goroutine 7 ".
func goroutineHeader() []byte {
	var buf [64]byte
	header := buf[:runtime.Stack(buf[:], false)]
	// The text after the number differs between dumps.
	word, rest, _ := bytes.Cut(header, []byte(" "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	return fmt.Appendf(nil, "%s %s ", word, number)
}

// enter records that h has the thread, or, if h is nil, that the loop is about to wait. w may be
// nil.
func (w *watchdog) enter(h *holder) {
	if w != nil {
		w.turn.Store(h)
	}
}

func (w *watchdog) enterPosted() {
	if w != nil {
		w.turn.Store(&w.posted)
	}
}

func (w *watchdog) enterDrain() {
	if w != nil {
		w.turn.Store(&w.drain)
	}
}

func (w *watchdog) enterHandler() {
	if w != nil {
		w.turn.Store(&w.handler)
	}
}

func logStall(s Stall) {
	slog.Default().Warn("task holds its loop", "task", s.Task, "stack", string(s.Stack))
}
