package sched

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
)

// Stall is what the watchdog has seen: a task that has held its loop for longer than
// Options.MaxTurn.
type Stall struct {
	// Task is the name of the task, or of what Options.Ended calls by a name: "handler", "posted
	// function".
	Task string
	// Stack is the stack of the task, or of the loop where that is what holds it, as runtime.Stack
	// has it; a text that says so if it was not found.
	Stack []byte
}

// dumpBytesMax bounds the dump of all goroutines in which a stack is looked for.
const dumpBytesMax = 16 << 20

// watchdog marks what has the thread with a mark of its own, which the loop overwrites whenever it
// gives the thread to somebody else, or takes it back: a mark that is still there at the next look
// has seen nothing of the kind. So the loop pays for one store at each change, and for nothing
// more.
type watchdog struct {
	turn    atomic.Pointer[holder]
	loop    holder // has the goroutine in which the three below run
	posted  holder
	drain   holder
	handler holder
	mark    holder  // put into turn by look alone
	suspect *holder // what was found where mark is; owned by look, as is what follows
	marked  time.Time
	told    bool // of the suspect

	limit      time.Duration
	stalled    func(Stall)
	stop, over chan struct{}
}

// holder is somebody who has the thread of a loop. It does not change once it has been in turn.
type holder struct {
	name      string
	goroutine []byte // "goroutine 7 ", as dumps begin; nil is the loop's
}

// watch starts a watchdog, if one was asked for, for the worker of l whose goroutine calls it.
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

// look marks who has the thread, or tells of him if nobody else has had it for the time of a turn.
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
		if w.turn.Load() == &w.mark { // else it has gone on, and the stack may be another's
			w.stalled(Stall{w.suspect.name, w.stackOf(w.suspect, dump)})
		}
	}
}

// stackOf returns the part of dump that is h's. A coroutine that does not run has given the thread
// to its loop, which then holds it.
func (w *watchdog) stackOf(h *holder, dump []byte) []byte {
	if stack := find(dump, h.goroutine); stack != nil {
		if first, _, _ := bytes.Cut(stack, []byte("\n")); !bytes.Contains(first, []byte("[coroutine")) {
			return stack
		}
	}
	if stack := find(dump, w.loop.goroutine); stack != nil {
		return stack
	}
	return []byte("the stack was not found\n")
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

// goroutineHeader returns what the stack of the calling goroutine begins with, "goroutine 7 ".
func goroutineHeader() []byte {
	var buf [64]byte
	header := buf[:runtime.Stack(buf[:], false)]
	// What follows the number differs between dumps.
	word, rest, _ := bytes.Cut(header, []byte(" "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	return fmt.Appendf(nil, "%s %s ", word, number)
}

// enter says that h has the thread, or that the loop is about to wait if h is nil. w may be nil.
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
