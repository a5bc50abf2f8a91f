package stub

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// EventKind is the kind of an [Event].
type EventKind string

// The kinds of events.
const (
	EventStarted     EventKind = "started"
	EventSent        EventKind = "sent"
	EventTimer       EventKind = "timer" // when the lookup asks again, unless it is answered
	EventReceived    EventKind = "received"
	EventIgnored     EventKind = "ignored"
	EventTimeout     EventKind = "timeout"
	EventProbe       EventKind = "probe"
	EventSuspected   EventKind = "suspected"
	EventRejected    EventKind = "rejected"
	EventUnreachable EventKind = "unreachable"
	EventFollowed    EventKind = "followed"
	EventCanceled    EventKind = "canceled"
	EventFinished    EventKind = "finished"
)

// Event is one step of a lookup.
type Event struct {
	Time     time.Duration // since the core was made
	Kind     EventKind
	Question resolve.Question // zero for a datagram that belongs to no lookup
	Server   netip.AddrPort   // zero if the event concerns no server
	Text     string
}

func (c *Core) trace(e *exchange, s *server, kind EventKind, text string) {
	if c.o.Trace == nil {
		return
	}
	ev := Event{Time: c.now, Kind: kind, Text: text}
	if e != nil && e.query != nil {
		ev.Question = e.query.Question
	}
	if s != nil {
		ev.Server = s.Addr
	}
	c.o.Trace(ev)
}
