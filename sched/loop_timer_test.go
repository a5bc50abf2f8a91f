package sched

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// timerModel checks timers against a list that is sorted on each query.
type timerModel struct {
	t      testing.TB
	wheel  timers
	now    time.Duration
	timers []modelTimer
	sets   int // orders equal deadlines
	fired  []int

	// Action that the next firing timer applies to another timer, once.
	victim int
	act    byte
	arg    uint64
}

type modelTimer struct {
	timer
	order int // of sets
}

const modelTimers = 64

func newTimerModel(t testing.TB) *timerModel {
	m := &timerModel{t: t, timers: make([]modelTimer, modelTimers)}
	for i := range m.timers {
		m.timers[i].fire = expireFunc(func() { m.expired(i) })
	}
	return m
}

// The operations, each chosen by a byte.
const (
	modelSet = iota
	modelSetEqual
	modelSetPast
	modelStop
	modelPass
	modelPassToNext
	modelStopInFire
	modelSetInFire
	modelOperations
)

// step performs one operation: op selects it, which selects the timer, and arg the distance in
// time. A few bits of arg are a power of two.
func (m *timerModel) step(op, which byte, arg uint64) {
	i := int(which) % modelTimers
	switch op % modelOperations {
	case modelSet:
		m.set(i, after(m.now, spread(arg)))
	case modelSetEqual:
		m.set(i, m.timers[arg%modelTimers].when)
	case modelSetPast:
		m.set(i, max(0, m.now-spread(arg)))
	case modelStop:
		m.wheel.stop(&m.timers[i].timer)
	case modelPass:
		m.pass(after(m.now, spread(arg)))
	case modelPassToNext:
		if d := m.wheel.next(m.now); d >= 0 {
			// Just before, at, or just after.
			m.pass(after(m.now, max(0, d+time.Duration(arg%3)-1)))
		}
	case modelStopInFire, modelSetInFire:
		m.victim, m.act, m.arg = i, op%modelOperations, arg
	}
	m.check()
}

// spread returns a duration for which every power of two is equally likely.
func spread(arg uint64) time.Duration { return time.Duration(arg >> 1 >> (arg & 63)) }

func (m *timerModel) set(i int, when time.Duration) {
	m.sets++
	m.timers[i].order = m.sets
	m.wheel.set(&m.timers[i].timer, when)
}

// pending returns the set timers in the order in which they must fire.
func (m *timerModel) pending() []int {
	var all []int
	for i := range m.timers {
		if m.timers[i].place != 0 {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(i, j int) int {
		a, b := &m.timers[i], &m.timers[j]
		if a.when != b.when {
			return int(min(1, max(-1, a.when-b.when)))
		}
		return a.order - b.order
	})
	return all
}

func (m *timerModel) expired(i int) {
	t := &m.timers[i]
	if t.place != 0 {
		m.t.Fatalf("timer %d: fires while it is set", i)
	}
	if t.when > m.now {
		m.t.Fatalf("timer %d due at %d: fires at %d", i, t.when, m.now)
	}
	for _, j := range m.pending() {
		if o := &m.timers[j]; o.when < t.when || o.when == t.when && o.order < t.order {
			m.t.Fatalf("timer %d due at %d: fires before timer %d due at %d", i, t.when, j, o.when)
		}
	}
	m.fired = append(m.fired, i)
	switch m.act {
	case modelStopInFire:
		m.wheel.stop(&m.timers[m.victim].timer)
	case modelSetInFire:
		// Not due at once again: the wheel fires until nothing is due.
		m.set(m.victim, after(m.now, 1+spread(m.arg)))
	}
	m.act = 0
}

func (m *timerModel) pass(to time.Duration) {
	m.now = to
	m.wheel.expire(to)
	if left := m.pending(); len(left) > 0 && m.timers[left[0]].when <= to {
		m.t.Fatalf("timer %d due at %d: has not fired at %d", left[0], m.timers[left[0]].when, to)
	}
}

func (m *timerModel) check() {
	pending := m.pending()
	if m.wheel.count != len(pending) || m.wheel.empty() != (len(pending) == 0) {
		m.t.Fatalf("got %d timers, want %d", m.wheel.count, len(pending))
	}
	next := m.wheel.next(m.now)
	if len(pending) == 0 {
		if next >= 0 {
			m.t.Fatalf("next: got %d without timers, want a negative value", next)
		}
		return
	}
	if want := max(0, m.timers[pending[0]].when-m.now); next < 0 || next > want {
		m.t.Fatalf("next: got %d at %d, want at most %d", next, m.now, want)
	}
}

// drain waits, as a loop does, until the last timer has fired.
func (m *timerModel) drain() {
	m.act = 0
	// Each wait fires a timer, moves the first slot down a level, or finds that the slot's soonest
	// timer was stopped.
	for range modelTimers * (2*timerLevels + 1) {
		d := m.wheel.next(m.now)
		if d < 0 {
			break
		}
		m.pass(after(m.now, d))
		m.check()
	}
	if !m.wheel.empty() {
		m.t.Fatalf("%d timers remain at %d, the next in %d", m.wheel.count, m.now, m.wheel.next(m.now))
	}
	if m.wheel.busy != 0 {
		m.t.Fatalf("busy: got levels %b without timers, want none", m.wheel.busy)
	}
}

// The operations are the same in every run. FuzzTimers searches for others.
func TestTimersFollowASortedList(t *testing.T) {
	for round := range uint64(200) {
		random := rand.New(rand.NewPCG(1, round))
		m := newTimerModel(t)
		m.now = spread(random.Uint64())
		for range 300 {
			m.step(byte(random.Uint32()), byte(random.Uint32()), random.Uint64())
		}
		m.drain()
	}
}

func FuzzTimers(f *testing.F) {
	step := func(op, which byte, arg uint64) []byte {
		return binary.LittleEndian.AppendUint64([]byte{op, which}, arg)
	}
	f.Add(step(modelSet, 1, 1<<40|20))
	f.Add(slices.Concat(step(modelSet, 1, math.MaxUint64), step(modelSetEqual, 2, 1), step(modelStop, 1, 0), step(modelPassToNext, 0, 1)))
	f.Add(slices.Concat(step(modelPass, 0, 1<<50), step(modelSetPast, 3, 1<<45), step(modelSetInFire, 3, 1<<30), step(modelPass, 0, 0)))
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := newTimerModel(t)
		for ; len(ops) >= 10; ops = ops[10:] {
			m.step(ops[0], ops[1], binary.LittleEndian.Uint64(ops[2:]))
		}
		m.drain()
	})
}

func TestALoopWithoutTimersPaysNoWheels(t *testing.T) {
	if n := unsafe.Sizeof(timers{}); n > 128 {
		t.Errorf("empty timers: got %d bytes, want at most 128", n)
	}
	if n := unsafe.Sizeof(timerLevel{}); n > 4096 {
		t.Errorf("timer level: got %d bytes, want at most 4096", n)
	}
}

func TestTimersAllocateNothing(t *testing.T) {
	var ts timers
	all := make([]timer, 1000)
	for i := range all {
		all[i].fire = expireFunc(func() {})
	}
	now := time.Duration(0)
	allocs := testing.AllocsPerRun(100, func() {
		for i := range all {
			ts.set(&all[i], now+time.Duration(i*7919%1000)*time.Millisecond)
		}
		for i := range all[:500] {
			ts.stop(&all[i])
		}
		now += 500 * time.Millisecond
		ts.expire(now)
	})
	if allocs != 0 {
		t.Errorf("got %v allocations, want 0", allocs)
	}
}

type expireFunc func()

func (f expireFunc) expired() { f() }
