package schedtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// evidence describes the scheduler for a case that hangs: its loops, what their queues were asked
// for, and what the system reports about that. Any goroutine may call it once the scheduler is
// open.
func (r *Fixture) evidence() string {
	var b strings.Builder
	for i, l := range r.s.Loops() {
		fmt.Fprintf(&b, "loop %d: %d tasks", i, l.Len())
		if m := l.Metrics(); m.Waits > 0 { // the options ask for them
			fmt.Fprintf(&b, ", %v", m)
		}
		b.WriteString("\n")
	}
	for i, m := range r.queues {
		fmt.Fprintf(&b, "queue %d: %s", i, m.evidence())
	}
	return b.String()
}

func (m *meter) evidence() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d waits, %d events", m.waits.Load(), m.events.Load())
	if timeout := time.Duration(m.until.Load()); timeout != 0 {
		fmt.Fprintf(&b, ", now in Wait(%v)", timeout)
	}
	b.WriteString("\n")
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range slices.Sorted(maps.Keys(m.registered)) {
		r := m.registered[h]
		fmt.Fprintf(&b, "  handle %v: token %#x, interest %v, mode %v; %s\n", h, r.Token, r.Interest, r.Mode, polled(h))
	}
	return b.String()
}

// polled describes whether the system reports h as ready.
func polled(h sys.Handle) string {
	fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollIn | sys.PollOut}}
	if _, err := sys.Poll(fds, 0); err != nil {
		return "poll: " + err.Error()
	}
	return fmt.Sprintf("poll reports %#x", fds[0].Revents)
}
