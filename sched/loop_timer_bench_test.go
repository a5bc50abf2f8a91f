package sched

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// timerHeap is the baseline of the benchmarks: a heap with four children per node, which keeps the
// neighbors of a comparison in one cache line.
type timerHeap struct{ heap []*heapTimer }

type heapTimer struct {
	when  time.Duration
	index int // plus one
	fire  expirer
}

const heapArity = 4

func (ts *timerHeap) set(t *heapTimer, when time.Duration) {
	if t.index != 0 {
		ts.stop(t)
	}
	t.when = when
	ts.heap = append(ts.heap, t)
	t.index = len(ts.heap)
	ts.up(len(ts.heap) - 1)
}

func (ts *timerHeap) stop(t *heapTimer) {
	i, last := t.index-1, len(ts.heap)-1
	t.index = 0
	moved := ts.heap[last]
	ts.heap[last] = nil
	ts.heap = ts.heap[:last]
	if i == last {
		return
	}
	ts.heap[i] = moved
	moved.index = i + 1
	ts.down(i)
	ts.up(i)
}

func (ts *timerHeap) expire(now time.Duration) {
	for len(ts.heap) > 0 && ts.heap[0].when <= now {
		t := ts.heap[0]
		ts.stop(t)
		t.fire.expired()
	}
}

func (ts *timerHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / heapArity
		if ts.heap[parent].when <= ts.heap[i].when {
			return
		}
		ts.swap(i, parent)
		i = parent
	}
}

func (ts *timerHeap) down(i int) {
	for {
		least, first := i, i*heapArity+1
		for c := first; c < first+heapArity && c < len(ts.heap); c++ {
			if ts.heap[c].when < ts.heap[least].when {
				least = c
			}
		}
		if least == i {
			return
		}
		ts.swap(i, least)
		i = least
	}
}

func (ts *timerHeap) swap(i, j int) {
	ts.heap[i], ts.heap[j] = ts.heap[j], ts.heap[i]
	ts.heap[i].index, ts.heap[j].index = i+1, j+1
}

type nothing struct{}

func (nothing) expired() {}

// benchedTimers has the operations that the benchmarks need, by timer number, for both kinds.
type benchedTimers struct {
	name   string
	set    func(i int, when time.Duration)
	stop   func(i int)
	expire func(now time.Duration)
}

func benchedTimersOf(n int) []benchedTimers {
	var wheel timers
	var heap timerHeap
	inWheel, inHeap := make([]timer, n), make([]heapTimer, n)
	for i := range n {
		inWheel[i].fire, inHeap[i].fire = nothing{}, nothing{}
	}
	return []benchedTimers{
		{"wheel", func(i int, when time.Duration) { wheel.set(&inWheel[i], when) }, func(i int) { wheel.stop(&inWheel[i]) }, wheel.expire},
		{"heap", func(i int, when time.Duration) { heap.set(&inHeap[i], when) }, func(i int) { heap.stop(&inHeap[i]) }, heap.expire},
	}
}

var benchedCounts = []int{1_000, 1_000_000}

// BenchmarkTimerSetStop restarts the timers of idle connections one after the other. They have
// between 30 and 60 seconds left. An operation is a stop and a set.
func BenchmarkTimerSetStop(b *testing.B) {
	for _, n := range benchedCounts {
		for _, ts := range benchedTimersOf(n) {
			b.Run(fmt.Sprintf("%s/%d", ts.name, n), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				order := random.Perm(n)
				for i := range n {
					ts.set(i, 30*time.Second+time.Duration(random.Int64N(int64(30*time.Second))))
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					ts.stop(order[i%n])
					ts.set(order[i%n], 60*time.Second+time.Duration(i))
				}
				for i := range n {
					ts.stop(i)
				}
			})
		}
	}
}

// BenchmarkTimerExpire sets timers over a minute in random order and lets that time pass in turns
// of a millisecond. An operation is the expiry of one timer. Setting it is not measured.
func BenchmarkTimerExpire(b *testing.B) {
	for _, n := range benchedCounts {
		for _, ts := range benchedTimersOf(n) {
			b.Run(fmt.Sprintf("%s/%d", ts.name, n), func(b *testing.B) {
				random := rand.New(rand.NewPCG(1, 2))
				b.ReportAllocs()
				now := time.Duration(0)
				for left := b.N; left > 0; left -= n {
					b.StopTimer()
					for i := range min(n, left) {
						ts.set(i, now+time.Duration(random.Int64N(int64(time.Minute))))
					}
					b.StartTimer()
					for end := now + time.Minute; now < end; now += time.Millisecond {
						ts.expire(now)
					}
				}
			})
		}
	}
}
