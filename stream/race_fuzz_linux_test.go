package stream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// raceScript is the resolver, the network and the clock of a race. It runs while the race waits. It
// sends no packet: a running attempt is a socket without a peer, until an event gives it a peer or
// an error.
type raceScript struct {
	t        *testing.T
	race     *race
	begun    time.Time
	outcomes []byte // of attempts, in the order of their start
	events   []raceEvent
	waits    int

	// What the race knows after a wait.
	gate      time.Duration // when IPv4 addresses stop waiting; negative before the first address
	has6      bool
	over      bool // the last delivery has been made
	canceled  bool
	delivered [families]int
	tried     [families]int
	turn      int
	attempts  []*scriptedAttempt
	failed    bool // an attempt has failed since the last one started
}

// raceEvent is something that happens outside the race.
type raceEvent struct {
	at time.Duration
	do func()
}

type scriptedAttempt struct {
	conn      *Conn
	begun     time.Duration
	runs, won bool
}

type raceSource struct{}

func (raceSource) Wait(sys.Direction, time.Time) error { return errFull }
func (raceSource) Interrupt(sys.Direction)             {}
func (raceSource) ShortReadDrains() bool               { return false }
func (raceSource) Close() error                        { return nil }

func (s *raceScript) NewSelect() Select { return s }
func (s *raceScript) Wake()             {}
func (s *raceScript) Close() error      { return nil }

func (s *raceScript) now() time.Duration { return time.Since(s.begun) }

func (s *raceScript) running() (n int) {
	for _, a := range s.attempts {
		if a.runs {
			n++
		}
	}
	return n
}

func (s *raceScript) left(family int) int { return s.delivered[family] - s.tried[family] }

// due reports whether RFC 8305 requires an attempt to start now. If not, at is when time alone
// would require it; negative means never.
func (s *raceScript) due() (due bool, at time.Duration) {
	running := s.running()
	switch n := len(s.attempts); {
	case s.left(family6)+s.left(family4) == 0 || running == attemptsMax:
		return false, -1
	case n == 0:
		at = s.gate
		due = s.over || s.has6
	default:
		at = -1
		if d := s.race.AttemptDelay; d >= 0 {
			at = s.attempts[n-1].begun + max(attemptDelayMin, delay(d, DefaultAttemptDelay))
		}
		due = running == 0 || s.failed
	}
	return due || at >= 0 && s.now() >= at, at
}

// raceWaitsMax limits the waits of a race. Each of them has an event or a time to wait for.
const raceWaitsMax = 2000

// Wait advances to the next event, or to the deadline if that comes first. It sleeps on the clock
// of the synctest bubble, which advances when all goroutines in the bubble sleep.
func (s *raceScript) Wait(wanted []Readiness, deadline time.Time) error {
	due, at := s.due()
	switch s.waits++; {
	case due:
		s.t.Fatalf("at %v an attempt is due, but the race waits", s.now())
	case at >= 0 && (deadline.IsZero() || deadline.Sub(s.begun) > at):
		s.t.Fatalf("at %v the race waits until %v, want %v, when the next attempt is due", s.now(), deadline.Sub(s.begun), at)
	case len(wanted) != s.running():
		s.t.Fatalf("the race waits for %d attempts, want %d, the number that run", len(wanted), s.running())
	case s.waits > raceWaitsMax:
		s.t.Fatal("the race waits without a cause")
	}
	slices.SortStableFunc(s.events, func(a, b raceEvent) int { return int(a.at - b.at) })
	switch {
	case !deadline.IsZero() && (len(s.events) == 0 || s.events[0].at > deadline.Sub(s.begun)):
		time.Sleep(time.Until(deadline))
		return os.ErrDeadlineExceeded
	case len(s.events) == 0:
		return errFull
	}
	e := s.events[0]
	s.events = s.events[1:]
	time.Sleep(e.at - s.now())
	e.do()
	return nil
}

// begin replaces Dialer.begin.
func (s *raceScript) begin(to netip.AddrPort) (*Conn, error) {
	s.checkBegin(to)
	a := &scriptedAttempt{begun: s.now()}
	s.attempts, s.failed = append(s.attempts, a), false
	outcome := byte(2)
	if len(s.outcomes) > 0 {
		outcome, s.outcomes = s.outcomes[0], s.outcomes[1:]
	}
	if outcome%8 == 0 {
		s.failed = true
		return nil, syscall.ENETUNREACH
	}
	h := s.socket()
	a.conn = &Conn{endpoint: endpoint{sock: own(h), reg: raceSource{}}, remote: to}
	if a.won = outcome%8 == 1; a.won {
		a.conn.sock.phase = phaseSettled
		return a.conn, nil
	}
	a.runs, a.conn.sock.phase = true, phaseConnecting
	if outcome%8 > 2 {
		s.events = append(s.events, raceEvent{a.begun + time.Duration(outcome)*2*time.Millisecond, func() {
			a.runs, a.won = false, outcome%8 < 5
			s.failed = s.failed || !a.won
			s.settle(h, a.won)
		}})
	}
	return a.conn, nil
}

func (s *raceScript) checkBegin(to netip.AddrPort) {
	f := familyOf(to.Addr())
	due, _ := s.due()
	turn := s.turn
	if s.left(turn) == 0 {
		turn = families - 1 - turn
	}
	switch {
	case !due:
		s.t.Fatalf("at %v attempt %d starts, but none is due", s.now(), len(s.attempts))
	case f != turn:
		s.t.Fatalf("attempt %d is to %v, want an address of the other family", len(s.attempts), to)
	case to != netip.AddrPortFrom(scriptedAddress(f, s.tried[f]), 80):
		s.t.Fatalf("attempt %d is to %v, want address %d of its family", len(s.attempts), to, s.tried[f])
	}
	s.tried[f]++
	s.turn = families - 1 - f
}

func scriptedAddress(family, n int) netip.Addr {
	if family == family4 {
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
	}
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(n)})
}

// socket opens a socket without a peer.
func (s *raceScript) socket() sys.Handle {
	h, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return sys.Handle(h)
}

// settle gives h a peer or an error.
func (s *raceScript) settle(h sys.Handle, connected bool) {
	a, b, err := sys.SocketPair()
	if err == nil && !connected {
		// Bytes that the peer has not read when it closes are an error for this end.
		_, err = sys.Send(a, []byte("x"))
	}
	if err == nil {
		err = errors.Join(sys.Close(b), syscall.Dup3(int(a), int(h), syscall.O_CLOEXEC), sys.Close(a))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// deliver passes an answer of the resolver with n addresses, of both families if it is mixed.
func (s *raceScript) deliver(to func([]netip.Addr, bool, error), family, n int, mixed bool) {
	if s.over {
		return
	}
	var ips []netip.Addr
	for i := range n {
		f := family
		if mixed && i%2 == 1 {
			f = families - 1 - family
		}
		if s.delivered[f] == addressesMax {
			continue
		}
		if s.left(family6)+s.left(family4) == 0 && len(ips) == 0 {
			s.turn = f
		}
		if len(ips) == 0 && f == family6 && len(s.attempts) == 0 {
			s.turn = f
		}
		ips = append(ips, scriptedAddress(f, s.delivered[f]))
		s.delivered[f]++
		s.has6 = s.has6 || f == family6
	}
	if len(ips) > 0 && s.gate < 0 {
		s.gate = s.now() + delay(s.race.ResolutionDelay, DefaultResolutionDelay)
	}
	to(ips, true, nil)
}

// plan turns words into events: an action, and the delay after the previous event.
func (s *raceScript) plan(words []byte, cancel func(), to func([]netip.Addr, bool, error)) {
	at := time.Duration(0)
	for ; len(words) >= 2; words = words[2:] {
		what, n := words[0]%8, int(words[0]/8)
		at += time.Duration(words[1]) * time.Millisecond
		s.events = append(s.events, raceEvent{at, func() {
			switch what {
			case 0, 1:
				s.deliver(to, int(what), n, false)
			case 2, 3:
				s.deliver(to, int(what-2), n, true)
			case 4, 5:
				to(nil, false, nil)
				s.over = true
			case 6:
				to(nil, true, syscall.ETIMEDOUT)
			case 7:
				s.canceled = true
				cancel()
			}
		}})
	}
}

// result checks the result of the race and that the race has closed all attempts.
func (s *raceScript) result(c *Conn, err error, deadline time.Time) {
	var won *Conn
	for _, a := range s.attempts {
		if a.won {
			won = a.conn
		}
	}
	if c != won || (c == nil) != (err != nil) {
		s.t.Fatalf("the race returned %v, %v: want the winner, or an error without a connection", c, err)
	}
	ok := false
	switch {
	case err == nil:
		ok = c.Close() == nil
	case errors.Is(err, context.Canceled):
		ok = s.canceled
	case errors.Is(err, context.DeadlineExceeded):
		ok = !deadline.IsZero() && !time.Now().Before(deadline)
	case errors.Is(err, errFull):
		ok = len(s.events) == 0
	default:
		ok = s.over && s.left(family6)+s.left(family4)+s.running() == 0
	}
	if !ok {
		s.t.Fatalf("the race returned %v: want the error of its cause; %d attempts run, resolver over %v, canceled %v", err, s.running(), s.over, s.canceled)
	}
	for i, a := range s.attempts {
		if a.conn != nil && !errors.Is(a.conn.Close(), net.ErrClosed) {
			s.t.Fatalf("attempt %d is still open after the race", i)
		}
	}
}

// FuzzRace checks when a race starts its attempts, to which addresses, how many at once, how it
// ends, and what it leaves open.
func FuzzRace(f *testing.F) {
	f.Add([]byte{0b11001, 10, 0b11000, 20, 4, 5}, []byte{2, 130, 2, 131, 5}, int16(0), int16(0), uint16(0))
	f.Add([]byte{0b11001, 10, 6, 100, 0b1000, 200}, []byte{8, 0, 46, 47, 255, 3}, int16(0), int16(0), uint16(900))
	f.Add([]byte{0b11111010, 0, 0b11111011, 0, 4, 0, 7, 255, 7, 255}, []byte{}, int16(-1), int16(1), uint16(0))
	f.Add([]byte{0b11001, 10, 4, 200, 7, 60}, []byte{6, 14, 22}, int16(5), int16(-1), uint16(0))
	f.Fuzz(func(t *testing.T, words, outcomes []byte, resolution, attempt int16, timeout uint16) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &raceScript{t: t, begun: time.Now(), outcomes: outcomes, gate: -1}
			var deadline time.Time
			if timeout > 0 {
				deadline = s.begun.Add(time.Duration(timeout) * time.Millisecond)
				var stop context.CancelFunc
				ctx, stop = context.WithDeadline(ctx, deadline)
				defer stop()
			}
			d := &Dialer{ResolutionDelay: time.Duration(resolution) * time.Millisecond, AttemptDelay: time.Duration(attempt) * time.Millisecond}
			resolved := 0
			d.ResolveParts = func(_, _ string, deliver func([]netip.Addr, bool, error)) func() {
				s.plan(words[:min(len(words), 200)], cancel, deliver)
				return func() { resolved++ }
			}
			s.race = newRace(&dialing{Dialer: d, ctx: ctx, network: network}, s)
			s.race.begin = s.begin
			s.race.resolve("example.com", 80)
			c, err := s.race.run()
			s.race.end()
			s.result(c, err, deadline)
			if resolved != 1 {
				t.Fatalf("the race called cancel %d times, want 1", resolved)
			}
		})
	})
}
