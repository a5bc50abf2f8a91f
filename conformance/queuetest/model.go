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
		ID: "model/random", Rule: "After any sequence of calls, what must be reported is, and nothing that must not be.",
		Source: "wepoll ctl-fuzz, netty's permutations", Run: func(t T, f *Fixture) { runModel(t, f) },
	}}
}

// modelled is what the reference knows of one handle.
type modelled struct {
	local, peer *end
	registered  bool
	r           queue.Registration
	armed       queue.Interest // Level: the interest. OneShot: what is on. Edge: what has to be reported when it is ready.
	pending     int            // bytes that are unread
	ended       bool           // the peer has hung up
	seen        queue.Interest // what was reported since the last step
}

func (x *modelled) ready() queue.Interest {
	if x.pending > 0 || x.ended {
		return queue.Both
	}
	return queue.Writable
}

// may returns the directions in which x may be reported: spurious events are legal where something is switched on.
func (x *modelled) may() queue.Interest {
	if x.r.Mode == queue.OneShot {
		return x.armed
	}
	return x.r.Interest
}

// owed returns the directions in which x must be reported.
func (x *modelled) owed() queue.Interest { return x.armed & x.ready() }

type model struct {
	f       *Fixture
	random  *rand.Rand
	sources [4]modelled
	token   queue.Token
	log     []string
}

const modelSteps = 400

func runModel(t T, f *Fixture) {
	t.Logf("seed %d", f.seed)
	m := &model{f: f, random: rand.New(rand.NewPCG(f.seed, 0))}
	for i := range m.sources {
		m.open(t, i)
	}
	for range modelSteps {
		if !m.step(t) {
			t.Errorf("seed %d, the last steps:\n%s", f.seed, strings.Join(m.log[max(0, len(m.log)-20):], "\n"))
			return
		}
	}
}

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *model) open(t T, i int) {
	a, b := pair(t)
	m.sources[i] = modelled{local: a, peer: b}
}

// step makes one random call, compares, and reports whether all was well.
func (m *model) step(t T) bool {
	i := m.random.IntN(len(m.sources))
	x := &m.sources[i]
	switch m.random.IntN(10) {
	case 0, 1:
		return m.register(t, i, x)
	case 2:
		return m.remove(i, x)
	case 3, 4, 5:
		if !x.ended {
			m.note("%d: send", i)
			x.peer.send(t, 1)
			x.pending++
		}
	case 6, 7:
		m.drain(t, i, x)
	case 8:
		if m.random.IntN(4) == 0 {
			m.note("%d: hang up", i)
			x.peer.close(t)
			x.ended = true
		}
	case 9:
		if m.random.IntN(2) == 0 {
			m.note("%d: close and open", i)
			if x.registered {
				must(t, m.f.Delete(x.local.handle))
			}
			x.local.close(t)
			x.peer.close(t)
			m.open(t, i)
		}
	}
	return m.compare(t)
}

// register adds, or replaces if there is something to be replaced.
func (m *model) register(t T, i int, x *modelled) bool {
	m.token++
	r := registration(m.token, queue.Interest(m.random.IntN(4)), modes[m.random.IntN(len(modes))])
	call, what := m.f.Add, "add"
	if x.registered {
		call, what = m.f.Modify, "modify"
	}
	m.note("%d: %s %v %v token %d", i, what, r.Interest, r.Mode, r.Token)
	if err := call(x.local.handle, r); err != nil {
		t.Errorf("%s: %v", what, err)
		return false
	}
	x.registered, x.r, x.armed = true, r, r.Interest
	return m.compare(t)
}

func (m *model) remove(i int, x *modelled) bool {
	if !x.registered {
		return true
	}
	m.note("%d: delete", i)
	x.registered, x.armed = false, queue.None
	return m.f.Delete(x.local.handle) == nil
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

// compare waits until all that is owed has been reported, and looks at every event.
func (m *model) compare(t T) bool {
	for i := range m.sources {
		m.sources[i].seen = queue.None
	}
	// A mechanism that learns of readiness by a completion may need a moment, and what stays ready does not let a Wait block.
	deadline := time.Now().Add(m.f.patience)
	for attempt := 0; attempt < 4 || time.Now().Before(deadline); attempt++ {
		if attempt >= 4 {
			pause()
		}
		timeout := m.f.patience
		if attempt < 2 {
			timeout = 0 // enough for most
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
	t.Errorf("%v: token %d is not reported %v", x.r.Mode, x.r.Token, x.owed())
	return false
}

// missing returns the index of a source that has not been reported as it must be, or -1.
func (m *model) missing() int {
	for i := range m.sources {
		x := &m.sources[i]
		if x.registered && !x.seen.Has(x.owed()) {
			return i
		}
	}
	return -1
}

// event compares one event with the reference, and takes it over.
func (m *model) event(t T, e queue.Event) bool {
	directions := e.Ready.Directions()
	for i := range m.sources {
		x := &m.sources[i]
		if !x.registered || x.r.Token != e.Token {
			continue
		}
		m.note("%d: event %v disarms %v, token %d", i, directions, e.Disarmed, e.Token)
		if !x.may().Has(directions) {
			t.Errorf("%v: reported %v, but only %v is switched on", x.r.Mode, directions, x.may())
			return false
		}
		if x.r.Mode == queue.Level {
			x.seen |= directions
		} else {
			x.armed &^= directions
		}
		return true
	}
	t.Errorf("reported token %d, which is no registration's", e.Token)
	return false
}
