package sched

import (
	"math"
	"math/bits"
	"time"
)

// timer is a moment at which fire is told. It belongs to the loop; stopping it is exact: after
// stop, fire is not called.
type timer struct {
	when       time.Duration // since the loop's epoch, not negative
	prev, next *timer        // in its slot
	fire       expirer
	place      uint16 // level and slot plus one, so that the zero value is not set
}

type expirer interface{ expired() }

// timers is a hierarchy of wheels (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels",
// scheme 7). To set and to stop a timer takes the same few steps however many there are. A deadline
// is kept as it was given, and the timers of a slot are brought into order before the first of them
// fires, so that nothing is rounded. The zero value is empty. Its bound is the number of tasks:
// each has one timer.
//
// A wheel of level n has a slot for each value of the deadline's n-th digit, counted in ticks to
// the base timerSlots. A timer is on the level of the highest digit in which it differs from tick,
// so that all timers of a level come before those of the next, and a slot before those to its
// right. When tick arrives at a slot, its timers move to lower levels: a timer moves at most
// timerLevels times, and not at all if it is stopped before, as most are.
type timers struct {
	tick   uint64 // no slot before it has timers
	count  int
	busy   uint8 // a bit for each level that has timers
	levels [timerLevels]*timerLevel
}

const (
	timerTickBits = 15 // a tick has 32.768 microseconds; with the levels below this covers every deadline
	timerSlotBits = 6
	timerSlots    = 1 << timerSlotBits
	timerLevels   = (63 - timerTickBits) / timerSlotBits
	timerSlotMask = timerSlots - 1
)

// timerLevel has 2 KiB. It is made when it is needed first: a loop without timers has none, and one
// with timeouts of seconds two or three.
type timerLevel struct {
	busy  uint64 // a bit for each slot that has timers
	slots [timerSlots]timerSlot
}

// timerSlot is a list of timers, in the order in which they were set until it is sorted.
type timerSlot struct {
	first, last *timer
	// soonest is no later than the first deadline: stopping the timer that has it leaves it behind.
	// Whoever waits for it waits once more.
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

// expire tells every timer that is due at now, and no other, in the order of their deadlines; of
// equal ones, in the order in which they were set.
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

// after returns d after now, and the end of time rather than an overflow.
func after(now, d time.Duration) time.Duration {
	if sum := now + d; sum >= now {
		return sum
	}
	return math.MaxInt64
}

// next returns the time from now to the first timer, negative if there is none. It is too short
// when the first timer of a slot was stopped: once, for expire then finds out.
func (ts *timers) next(now time.Duration) time.Duration {
	if ts.count == 0 {
		return -1
	}
	n, i := ts.earliest()
	return max(0, ts.levels[n].slots[i].soonest-now)
}

// earliest returns the slot with the first timer of all. There must be one.
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
	// What is overdue belongs with what is due next, and is sorted to its front.
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

// vacate notes that a slot has no timers.
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

// remove takes t out and reports whether it was the last one.
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

// sort brings the timers into the order of their deadlines, equal ones as they are.
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

// sorted sorts a list by next: bottom up, so that it needs room for the logarithm of its length. It
// leaves prev as it was.
func sorted(list *timer) *timer {
	var runs [bits.UintSize]*timer // the one at i has none or 1<<i timers, which come before those of the runs at its left
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

// merged merges two sorted lists; of equal timers, those of a come first.
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
