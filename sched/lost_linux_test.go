package sched

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// describe says what a loop that seems to have lost an event knows, and what the kernel knows: for a failure that may not come again. It looks
// before it wakes the loop.
func describe(l *Loop, handles ...sys.Handle) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tasks: %d, sleeping: %v, pending: %v\n", l.Len(), l.inbox.sleeping.Load(), l.inbox.pending.Load())
	polled := make([]sys.PollFD, len(handles))
	for i, h := range handles {
		polled[i] = sys.PollFD{Fd: int32(h), Events: sys.PollIn}
	}
	if _, err := sys.Poll(polled, 0); err != nil {
		fmt.Fprintln(&b, "poll:", err)
	}
	for _, p := range polled {
		fmt.Fprintf(&b, "handle %d: poll says %#x\n", p.Fd, p.Revents)
	}
	if n, ok := l.queue.(queue.Nester); ok {
		info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", n.Handle()))
		fmt.Fprintf(&b, "the queue in the kernel: %s %v\n", info, err)
	}
	// Whether the loop is in its system call, or could run and is not let.
	stacks := make([]byte, 1<<16)
	fmt.Fprintf(&b, "%s\n", stacks[:runtime.Stack(stacks, true)])
	said := make(chan string, 1)
	err := l.Post(func() { said <- l.sayWaits() })
	if err != nil {
		fmt.Fprintln(&b, "post:", err)
		return b.String()
	}
	select {
	case s := <-said:
		b.WriteString(s)
	case <-time.After(5 * time.Second):
		b.WriteString("the loop runs no posted function, either\n")
	}
	return b.String()
}

func (l *Loop) sayWaits() string {
	var b strings.Builder
	l.eachSink(func(k sink) {
		switch s := k.(type) {
		case *handlerSlot:
			fmt.Fprintf(&b, "handle %v: armed %v, ready %v, fired %v; handler in state %d wants %v\n", s.handle, s.armed, s.ready, s.fired, s.state, s.want)
		case *goroutineSource:
			s.mu.Lock()
			fmt.Fprintf(&b, "handle %v: armed %v, ready %v, fired %v; goroutines taken %v %v, waiting %v %v\n", s.handle, s.armed, s.ready, s.fired,
				s.parked[0].taken, s.parked[1].taken, s.parked[0].waits, s.parked[1].waits)
			s.mu.Unlock()
		}
	})
	return b.String()
}
