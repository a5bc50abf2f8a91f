package queuetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func modelCases() []Case {
	return []Case{{
		ID: "model/random", Doc: "queue.Queue", Rule: "After any sequence of calls, every event that is due is reported, and no event that is forbidden.",
		Source: "wepoll ctl-fuzz, permutations in netty", Run: func(t T, f *Fixture) { runModel(t, f) },
	}}
}

// modelled is the state of one handle in the reference model.
type modelled struct {
	local, peer *end
	registered  bool
	r           queue.Registration
	armed       queue.Interest // Level: the interest. OneShot: the directions that are on. Edge: the directions that must be reported once ready.
	pending     int            // unread bytes
	ended       bool           // the peer has hung up
	seen        queue.Interest // the directions reported since the last step
}

func (x *modelled) ready() queue.Interest {
	if x.pending > 0 || x.ended {
		return queue.Both
	}
	return queue.Writable
}

// may returns the directions in which x may be reported. Spurious events are legal if the direction
// is switched on.
func (x *modelled) may() queue.Interest {
	if x.r.Mode == queue.OneShot {
		return x.armed
	}
	return x.r.Interest
}

// owed returns the directions in which x must be reported.
func (x *modelled) owed() queue.Interest { return x.armed & x.ready() }

// action is the action of a step.
type action uint8

const (
	register action = iota // add, or modify if a registration exists
	remove
	send
	drain
	hangUpPeer
	reopen // delete, close, and open a handle that most likely reuses the number
)

var actionNames = [...]string{"register", "delete", "send", "drain", "hang up", "close and open"}

// step is one step of a run. A step whose precondition is missing, because shrinking removed
// earlier steps, does nothing.
type step struct {
	action   action
	source   int
	interest queue.Interest // for register
	mode     queue.Mode     // for register
}

func (s step) String() string {
	if s.action == register {
		return fmt.Sprintf("%d: %s %v %v", s.source, actionNames[s.action], s.interest, s.mode)
	}
	return fmt.Sprintf("%d: %s", s.source, actionNames[s.action])
}

const (
	modelSteps   = 400
	modelSources = 4
)

// actionOf maps n, from 0 to 79, to an action. It sets how often each action occurs.
func actionOf(n int) action {
	switch {
	case n < 16:
		return register
	case n < 24:
		return remove
	case n < 50:
		return send
	case n < 72:
		return drain
	case n < 75:
		return hangUpPeer
	}
	return reopen
}

func stepsOf(seed uint64) []step {
	random := rand.New(rand.NewPCG(seed, 0))
	steps := make([]step, modelSteps)
	for i := range steps {
		steps[i] = step{
			action: actionOf(random.IntN(80)), source: random.IntN(modelSources),
			interest: queue.Interest(random.IntN(4)), mode: modes[random.IntN(len(modes))],
		}
	}
	return steps
}

func runModel(t T, f *Fixture) {
	t.Logf("seed %d", f.seed)
	steps := stepsOf(f.seed)
	failure, n := replay(t, f, steps, 0)
	if failure == "" {
		return
	}
	steps = shrink(t, f, steps[:n])
	var lines []string
	for _, s := range steps {
		lines = append(lines, s.String())
	}
	t.Errorf("%s\nseed %d; these %d steps fail by themselves:\n%s", failure, f.seed, len(steps), strings.Join(lines, "\n"))
}

type model struct {
	f       *Fixture
	sources [modelSources]modelled
	token   queue.Token
	log     []string
	looks   int // how many polls look for events that are due; if zero, waits look for as long as the patience lasts
}

// logTail is how many lines of the log a failure prints.
const logTail = 20

// replay runs steps on a new queue. It returns how they failed and how many ran. After each step it
// polls looks times for the events that are due, or waits for them if looks is zero.
func replay(t T, f *Fixture, steps []step, looks int) (failure string, n int) {
	q := f.another(t)
	fresh := *f
	fresh.Queue = q
	m := &model{f: &fresh, looks: looks}
	failure = attempt(t, func(t T) {
		for i := range m.sources {
			m.open(t, i)
		}
		for _, s := range steps {
			n++
			if !m.step(t, s) {
				t.Errorf("end of the log:\n%s", strings.Join(m.log[max(0, len(m.log)-logTail):], "\n"))
				return
			}
		}
	})
	if err := q.Close(); err != nil && failure == "" {
		failure = err.Error()
	}
	return failure, n
}

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *model) open(t T, i int) {
	a, b := pair(t)
	m.sources[i] = modelled{local: a, peer: b}
}

// step performs s, compares, and reports whether the queue agrees with the model.
func (m *model) step(t T, s step) bool {
	i, x := s.source, &m.sources[s.source]
	switch s.action {
	case register:
		if !m.register(t, s, x) {
			return false
		}
	case remove:
		if x.registered {
			m.note("%v", s)
			x.registered, x.armed = false, queue.None
			must(t, m.f.Delete(x.local.handle))
		}
	case send:
		if !x.ended {
			m.note("%v", s)
			x.peer.send(t, 1)
			x.pending++
		}
	case drain:
		m.drain(t, i, x)
	case hangUpPeer:
		if !x.ended {
			m.note("%v", s)
			x.peer.close(t)
			x.ended = true
		}
	case reopen:
		m.note("%v", s)
		if x.registered {
			must(t, m.f.Delete(x.local.handle))
		}
		x.local.close(t)
		x.peer.close(t)
		m.open(t, i)
	}
	return m.compare(t)
}

func (m *model) register(t T, s step, x *modelled) bool {
	m.token++
	r := registration(m.token, s.interest, s.mode)
	call, what := m.f.Add, "add"
	if x.registered {
		call, what = m.f.Modify, "modify"
	}
	m.note("%v: %s, token %d", s, what, r.Token)
	if err := call(x.local.handle, r); err != nil {
		t.Errorf("%s: %v", what, err)
		return false
	}
	x.registered, x.r, x.armed = true, r, r.Interest
	return true
}

func (m *model) drain(t T, i int, x *modelled) {
	m.note("%d: drain", i)
	p := make([]byte, 64)
	for {
		n, err := sys.Read(x.local.handle, p)
		if err == sys.ErrWouldBlock {
			if x.registered {
				must(t, m.f.WouldBlock(x.local.handle, queue.Readable))
				if x.r.Mode == queue.Edge {
					x.armed |= queue.Readable & x.r.Interest
				}
			}
			return
		}
		must(t, err)
		if n == 0 {
			return
		}
		x.pending -= n
	}
}

// compare waits until all events that are due have been reported, and checks every event.
func (m *model) compare(t T) bool {
	for i := range m.sources {
		m.sources[i].seen = queue.None
	}
	// A mechanism that learns of readiness from a completion may need a moment. A handle that stays
	// ready keeps a Wait from blocking.
	const polls, waits = 2, 2
	deadline := time.Now().Add(m.f.patience)
	for attempt := 0; ; attempt++ {
		var timeout time.Duration // zero is enough for most
		if m.looks > 0 {
			if attempt == m.looks {
				break
			}
		} else if attempt >= polls {
			timeout = max(0, time.Until(deadline))
			if timeout == 0 && attempt >= polls+waits {
				break
			}
		}
		if attempt >= polls+waits {
			nap()
		}
		for _, e := range m.f.wait(t, timeout) {
			if !m.event(t, e) {
				return false
			}
		}
		if m.missing() < 0 {
			return true
		}
	}
	x := &m.sources[m.missing()]
	t.Errorf("%v: token %d was not reported for %v", x.r.Mode, x.r.Token, x.owed())
	return false
}

// missing returns the index of a source with an event that is due, or -1.
func (m *model) missing() int {
	for i := range m.sources {
		x := &m.sources[i]
		if x.registered && !x.seen.Has(x.owed()) {
			return i
		}
	}
	return -1
}

// event checks one event against the model and updates the model.
func (m *model) event(t T, e queue.Event) bool {
	directions := e.Ready.Directions()
	for i := range m.sources {
		x := &m.sources[i]
		if !x.registered || x.r.Token != e.Token {
			continue
		}
		m.note("   %d: event %v disarms %v, token %d", i, directions, e.Disarmed, e.Token)
		if !x.may().Has(directions) {
			t.Errorf("%v: got a report of %v, want only %v, which is switched on", x.r.Mode, directions, x.may())
			return false
		}
		if x.r.Mode == queue.Level {
			x.seen |= directions
		} else {
			x.armed &^= directions
		}
		return true
	}
	t.Errorf("got token %d, which belongs to no registration", e.Token)
	return false
}
