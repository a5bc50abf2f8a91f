package sched

import (
	"math"
	"math/bits"
	"time"
)

// timer is a moment at which fire is called. It belongs to the loop. Stopping is exact: fire is not
// called after stop.
type timer struct {
	when       time.Duration // since the loop's epoch, not negative
	prev, next *timer        // in its slot
	fire       expirer
	place      uint16 // level and slot plus one; zero means not set
}

type expirer interface{ expired() }

// timers is a hierarchy of wheels (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
// scheme 7). Setting and stopping a timer takes the same few steps, however many timers there are.
// Deadlines are kept exactly. The timers of a slot are sorted before the first of them fires, so
// nothing is rounded. The zero value is empty. The number of tasks bounds the timers: each task has
// one.
//
// A wheel of level n has a slot for each value of the deadline's n-th digit, in ticks to the base
// timerSlots. A timer is on the level of the highest digit in which it differs from tick. All
// timers of a level therefore come before those of the next level, and a slot before the slots to
// its right. When tick arrives at a slot, the slot's timers move to lower levels. A timer moves at
// most timerLevels times, and not at all if it is stopped before, as most are.
type timers struct {
	tick   uint64 // no slot before it has timers
	count  int
	busy   uint8 // a bit for each level that has timers
	levels [timerLevels]*timerLevel
}

const (
	timerTickBits = 15 // a tick is 32.768 µs; the levels below then cover every deadline
	timerSlotBits = 6
	timerSlots    = 1 << timerSlotBits
	timerLevels   = (63 - timerTickBits) / timerSlotBits
	timerSlotMask = timerSlots - 1
)

// timerLevel takes 2 KiB. It is allocated on first use: a loop without timers has none, and a loop
// with timeouts of seconds has two or three.
type timerLevel struct {
	busy  uint64 // a bit for each slot that has timers
	slots [timerSlots]timerSlot
}

// timerSlot is a list of timers, in the order in which they were set until it is sorted.
type timerSlot struct {
	first, last *timer
	// soonest is no later than the first deadline. It stays when the timer with that deadline is
	// stopped. A loop that waits for it waits once more.
	soonest  time.Duration
	unsorted bool
}

func (ts *timers) empty() bool { return ts.count == 0 }

func (ts *timers) set(t *timer, when time.Duration) {
	if t.place != 0 {
		ts.stop(t)
	}
	t.when = when
	ts.insert(t)
	ts.count++
}

func (ts *timers) stop(t *timer) {
	if t.place == 0 {
		return
	}
	n, i := split(t.place)
	level := ts.levels[n]
	if s := &level.slots[i]; s.remove(t) {
		ts.vacate(n, i)
	}
	t.place = 0
	ts.count--
}

// expire fires every timer that is due at now, and no other, in the order of their deadlines.
// Timers with equal deadlines fire in the order in which they were set.
func (ts *timers) expire(now time.Duration) {
	due := uint64(now) >> timerTickBits
	for ts.count > 0 {
		n, i := ts.earliest()
		s := &ts.levels[n].slots[i]
		if n > 0 {
			start := ts.start(n, i)
			if start > due {
				break
			}
			ts.tick = start
			ts.descend(n, i)
			continue
		}
		if s.soonest > now {
			break
		}
		s.sort()
		if s.first.when > now {
			break
		}
		t := s.first
		ts.stop(t)
		t.fire.expired()
	}
	ts.tick = max(ts.tick, due)
}

// after returns now+d, or the largest time if the sum overflows.
func after(now, d time.Duration) time.Duration {
	if sum := now + d; sum >= now {
		return sum
	}
	return math.MaxInt64
}

// next returns the time from now to the first timer, or a negative value if there is none. It is
// too short once if the first timer of a slot was stopped. expire then corrects it.
func (ts *timers) next(now time.Duration) time.Duration {
	if ts.count == 0 {
		return -1
	}
	n, i := ts.earliest()
	return max(0, ts.levels[n].slots[i].soonest-now)
}

// earliest returns the slot with the first timer of all levels. There must be a timer.
func (ts *timers) earliest() (level, slot int) {
	level = bits.TrailingZeros8(ts.busy)
	return level, bits.TrailingZeros64(ts.levels[level].busy)
}

// start returns the first tick of a slot.
func (ts *timers) start(level, slot int) uint64 {
	shift := level * timerSlotBits
	return ts.tick>>(shift+timerSlotBits)<<(shift+timerSlotBits) | uint64(slot)<<shift
}

func (ts *timers) insert(t *timer) {
	// An overdue timer goes into the slot that is due next and is sorted to its front.
	tick := max(ts.tick, uint64(t.when)>>timerTickBits)
	n := (bits.Len64((tick^ts.tick)|timerSlotMask) - 1) / timerSlotBits
	i := int(tick >> (n * timerSlotBits) & timerSlotMask)
	level := ts.levels[n]
	if level == nil {
		level = &timerLevel{}
		ts.levels[n] = level
	}
	t.place = uint16(n<<timerSlotBits|i) + 1
	level.slots[i].append(t)
	level.busy |= 1 << i
	ts.busy |= 1 << n
}

// descend moves the timers of the slot at which tick has arrived to lower levels.
func (ts *timers) descend(n, i int) {
	s := &ts.levels[n].slots[i]
	t := s.first
	*s = timerSlot{}
	ts.vacate(n, i)
	for t != nil {
		next := t.next
		t.prev, t.next = nil, nil
		ts.insert(t)
		t = next
	}
}

// vacate records that a slot has no timers.
func (ts *timers) vacate(n, i int) {
	level := ts.levels[n]
	level.busy &^= 1 << i
	if level.busy == 0 {
		ts.busy &^= 1 << n
	}
}

func split(place uint16) (level, slot int) {
	return int(place-1) >> timerSlotBits, int(place-1) & timerSlotMask
}

func (s *timerSlot) append(t *timer) {
	if s.last == nil {
		s.first, s.last, s.soonest = t, t, t.when
		return
	}
	if t.when < s.last.when {
		s.unsorted = true
		s.soonest = min(s.soonest, t.when)
	}
	t.prev, s.last.next, s.last = s.last, t, t
}

// remove removes t and reports whether it was the last one.
func (s *timerSlot) remove(t *timer) bool {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		s.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		s.last = t.prev
	}
	t.prev, t.next = nil, nil
	if s.first == nil {
		*s = timerSlot{}
		return true
	}
	if !s.unsorted {
		s.soonest = s.first.when
	}
	return false
}

// sort sorts the timers by deadline and keeps the order of equal ones.
func (s *timerSlot) sort() {
	if s.unsorted {
		s.first = sorted(s.first)
		s.unsorted = false
		var prev *timer
		for t := s.first; t != nil; prev, t = t, t.next {
			t.prev = prev
		}
		s.last = prev
	}
	s.soonest = s.first.when
}

// sorted sorts a list by next. It works bottom up, so it needs space for the logarithm of the
// list's length. It leaves prev unchanged.
func sorted(list *timer) *timer {
	var runs [bits.UintSize]*timer // run i is empty or has 1<<i timers, which precede those of the runs to its left
	for list != nil {
		run := list
		list, run.next = run.next, nil
		i := 0
		for ; runs[i] != nil; i++ {
			run = merged(runs[i], run)
			runs[i] = nil
		}
		runs[i] = run
	}
	var all *timer
	for _, run := range runs {
		all = merged(run, all)
	}
	return all
}

// merged merges two sorted lists. Among equal timers, those of a come first.
func merged(a, b *timer) *timer {
	var head *timer
	end := &head
	for a != nil && b != nil {
		least := &a
		if b.when < a.when {
			least = &b
		}
		*end = *least
		end = &(*least).next
		*least = *end
	}
	if a == nil {
		a = b
	}
	*end = a
	return head
}
