package resolve

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Family selects the addresses of a host that a query asks for.
type Family uint8

// The families. The zero value asks for both.
const (
	FamilyBoth Family = iota
	FamilyV4
	FamilyV6
)

// Host turns a name into its addresses of both families. It asks a strategy for A and AAAA at the
// same time.
type Host struct {
	Strategy Strategy
	Order    Order
	// Search, if it is not nil, returns the search list for relative names. Each Try and Start
	// calls it. Without it every name is absolute. The strategy must not apply a search list
	// itself, as [System] does to names of one label.
	Search func() Search
	// Source, if it is not nil, returns the source address that the system would use for dst, or
	// [ErrNoSource]. The methods of [HostAnswer] call it to sort two or more addresses, at most
	// [MaxSourceProbes] times. After any other error, they sort as if Source were nil.
	// sysconfig.SourceOf is such a function.
	Source func(dst netip.Addr) (src netip.Addr, err error)
	// Suspend, if it is not nil, suspends the caller of Lookup. It calls start and returns when
	// resume was called, by any goroutine, or with the reason why the caller can wait no longer.
	// Package sched has such functions for tasks. A nil Suspend blocks the goroutine.
	Suspend func(start func(resume func())) error
}

// HostQuery is one name in flight. The caller sets the exported fields, passes it to [Host.Start],
// and does not touch them until Done has been called. A HostQuery must not be used twice or copied.
type HostQuery struct {
	Name     string // a host name or an IP literal, as in [ParseName]
	Family   Family
	Deadline time.Time // for both families; Done gets the answers that have arrived by then
	Inbox    *Inbox
	// Partial, if it is not nil, gets each family's answer as it arrives, at most one per family,
	// before Done. A dialer needs it for Happy Eyeballs (RFC 8305, section 3). Partial does not
	// report a family that fails.
	Partial func(Answer)
	// Done gets the result, exactly once, after the last Partial, on the thread that runs the
	// inbox.
	Done func(HostAnswer, error)

	// Owned by the owner of the inbox: Start and the completions run on its thread.
	host    *Host
	first   hostAttempt
	answer  HostAnswer
	pending int
	invalid error
	walk    *searchWalk // nil without a search list

	mu    sync.Mutex
	ended error        // guarded by mu; the cause of the first end
	later *hostAttempt // guarded by mu; the attempt after the first that is in flight
}

// hostAttempt holds the queries for one absolute name.
type hostAttempt struct{ v4, v6 Query }

func (a *hostAttempt) end(cause error) {
	a.v6.end(cause)
	a.v4.end(cause)
}

// HostAnswer holds the known addresses of a host. At least one family has an answer.
type HostAnswer struct {
	Name         string // as the caller wrote it
	Absolute     Name   // the absolute name that answered, which differs if a [Search] completed it
	V4, V6       Answer // empty if the family has no address
	V4Err, V6Err error  // why a family has no answer; nil if it was not asked for

	order  Order
	source func(netip.Addr) (netip.Addr, error)
}

// AppendAddrs appends the addresses of both families to dst, in the order of the [Host].
func (a HostAnswer) AppendAddrs(dst []netip.Addr) []netip.Addr {
	n := len(dst)
	dst = a.V4.AppendAddrs(a.V6.AppendAddrs(dst))
	a.order.apply(dst[n:], a.source)
	return dst
}

// Addrs returns the addresses of both families, in the order of the [Host]. The caller owns the
// slice.
func (a HostAnswer) Addrs() []netip.Addr {
	return a.AppendAddrs(make([]netip.Addr, 0, a.V4.Len()+a.V6.Len()))
}

// Try answers from memory. It returns [ErrWouldBlock] if one of the families is not in memory. With
// a search list, that is the case if an absolute name comes before the answer and is not in memory.
func (h *Host) Try(name string, family Family) (HostAnswer, error) {
	a := HostAnswer{Name: name, order: h.Order, source: h.Source}
	n, err := ParseName(name)
	if err != nil {
		return a, err
	}
	if h.Search == nil {
		return h.try(a, n, family)
	}
	walk := newSearchWalk(h.Search(), name, n)
	for {
		absolute, ok := walk.next()
		if !ok {
			return HostAnswer{}, walk.worst
		}
		found, err := h.try(a, absolute, family)
		if err == nil || errors.Is(err, ErrWouldBlock) {
			return found, err
		}
		if !walk.failed(err) {
			return HostAnswer{}, walk.worst
		}
	}
}

// try answers from memory for an absolute name.
func (h *Host) try(a HostAnswer, n Name, family Family) (HostAnswer, error) {
	a.Absolute = n
	if family != FamilyV4 {
		if a.V6, a.V6Err = h.Strategy.Try(Question{n, TypeAAAA, ClassINET}); errors.Is(a.V6Err, ErrWouldBlock) {
			return HostAnswer{}, ErrWouldBlock
		}
	}
	if family != FamilyV6 {
		if a.V4, a.V4Err = h.Strategy.Try(Question{n, TypeA, ClassINET}); errors.Is(a.V4Err, ErrWouldBlock) {
			return HostAnswer{}, ErrWouldBlock
		}
	}
	return a.result()
}

// Start asks for the families. Only the owner of the inbox may call it.
//
// The host has an answer if one family has one, whatever the result of the other; V4Err and V6Err
// report both results. If both fail, the error is the first of these that applies: [ErrCanceled],
// any failure that leaves open whether there are addresses, [ErrNoData], [ErrNotFound].
func (h *Host) Start(hq *HostQuery) {
	hq.host = h
	name, err := ParseName(hq.Name)
	if err != nil {
		hq.refuse(err)
		return
	}
	if h.Search != nil {
		walk := newSearchWalk(h.Search(), hq.Name, name)
		hq.walk = &walk
		name, _ = walk.next() // the first always exists
	}
	hq.ask(&hq.first, name)
}

// ask starts the queries for an absolute name.
func (hq *HostQuery) ask(attempt *hostAttempt, name Name) {
	hq.answer = HostAnswer{Name: hq.Name, Absolute: name, order: hq.host.Order, source: hq.host.Source}
	if hq.Family != FamilyV4 {
		hq.prepare(&attempt.v6, name, TypeAAAA)
	}
	if hq.Family != FamilyV6 {
		hq.prepare(&attempt.v4, name, TypeA)
	}
	if hq.Family != FamilyV4 {
		hq.host.Strategy.Start(&attempt.v6)
	}
	if hq.Family != FamilyV6 {
		hq.host.Strategy.Start(&attempt.v4)
	}
}

func (hq *HostQuery) prepare(q *Query, name Name, t Type) {
	hq.pending++
	q.Question = Question{name, t, ClassINET}
	q.Deadline, q.Inbox = hq.Deadline, hq.Inbox
	q.Done = func(a Answer, err error) { hq.arrived(t, a, err) }
}

// refuse completes the query through the inbox, like every other result: a query without a name
// never starts.
func (hq *HostQuery) refuse(err error) {
	hq.invalid = err
	hq.first.v4.Inbox = hq.Inbox
	hq.first.v4.Done = func(Answer, error) { hq.Done(HostAnswer{}, hq.invalid) }
	hq.first.v4.Accept(nil)
}

func (hq *HostQuery) arrived(t Type, a Answer, err error) {
	hq.pending--
	if t == TypeA {
		hq.answer.V4, hq.answer.V4Err = a, err
	} else {
		hq.answer.V6, hq.answer.V6Err = a, err
	}
	if err == nil && hq.Partial != nil {
		hq.Partial(a)
	}
	if hq.pending > 0 {
		return
	}
	found, err := hq.answer.result()
	if err != nil && hq.walk != nil {
		if hq.walk.failed(err) && hq.again() {
			return
		}
		err = hq.walk.worst
	}
	hq.Done(found, err)
}

// again asks for the next absolute name of the search list. It returns false if there is none, or
// if the query was ended in the meantime.
func (hq *HostQuery) again() bool {
	name, ok := hq.walk.next()
	if !ok {
		return false
	}
	attempt := &hostAttempt{}
	hq.mu.Lock()
	ended := hq.ended
	hq.later = attempt
	hq.mu.Unlock()
	if ended != nil {
		hq.walk.worst = &Error{Op: "host", Name: hq.Name, Err: ended}
		return false
	}
	hq.ask(attempt, name)
	return true
}

// Cancel asks the query to end. Done is still called, with [ErrCanceled], or with an answer that a
// family had before. Any goroutine may call Cancel after Start has returned, and so may Partial and
// Done.
func (hq *HostQuery) Cancel() {
	hq.end(ErrCanceled)
}

func (hq *HostQuery) end(cause error) {
	hq.mu.Lock()
	if hq.ended == nil {
		hq.ended = cause
	}
	later := hq.later
	hq.mu.Unlock()
	hq.first.end(cause)
	if later != nil {
		later.end(cause)
	}
}

// result combines the results of the families.
func (a HostAnswer) result() (HostAnswer, error) {
	if a.V4.Len() > 0 || a.V6.Len() > 0 {
		return a, nil
	}
	var worst error
	for _, err := range []error{a.V6Err, a.V4Err} {
		if err != nil && (worst == nil || severity(err) > severity(worst)) {
			worst = err
		}
	}
	if worst == nil { // a strategy returned neither: its answer has no addresses
		worst = ErrNoData
	}
	return HostAnswer{}, &Error{Op: "host", Name: a.Name, Err: worst}
}

func severity(err error) int {
	switch {
	case errors.Is(err, ErrCanceled):
		return 3
	case errors.Is(err, ErrNoData):
		return 1
	case errors.Is(err, ErrNotFound):
		return 0
	}
	return 2
}

// Lookup resolves name and waits for it, in Suspend if that is set: it calls Try, then Start, then
// waits for the completion or for ctx. An error of Suspend cancels the query and is returned.
func (h *Host) Lookup(ctx context.Context, name string, family Family) (HostAnswer, error) {
	if a, err := h.Try(name, family); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	var answer HostAnswer
	var err error
	finished := false
	inbox, wait := h.waitingInbox()
	hq := &HostQuery{Name: name, Family: family, Inbox: inbox,
		Done: func(a HostAnswer, e error) { answer, err, finished = a, e, true }}
	// Register the cancellation before Start, which may be the slow part. A query that has not
	// started ends when it starts.
	detach := context.AfterFunc(ctx, func() { hq.end(causeOf(ctx)) })
	defer detach()
	h.Start(hq)
	for !finished {
		if reason := wait(); reason != nil {
			hq.end(ErrCanceled)
			inbox.Close()
			inbox.Run(0)
			return HostAnswer{}, reason
		}
		inbox.Run(0)
	}
	return answer, err
}

// waitingInbox returns an inbox, and a function that waits until there is something in it.
func (h *Host) waitingInbox() (*Inbox, func() error) {
	if h.Suspend == nil {
		inbox, ready := blockingInbox()
		return inbox, func() error { <-ready; return nil }
	}
	var mu sync.Mutex // guards all below
	ready := false
	var resume func() // of the suspended caller
	inbox := NewInbox(func() error {
		mu.Lock()
		ready = true
		f := resume
		resume = nil
		mu.Unlock()
		if f != nil {
			f()
		}
		return nil
	})
	return inbox, func() error {
		err := h.Suspend(func(f func()) {
			mu.Lock()
			if !ready {
				resume, f = f, func() {}
			}
			mu.Unlock()
			f()
		})
		mu.Lock()
		defer mu.Unlock()
		ready, resume = false, nil
		return err
	}
}
