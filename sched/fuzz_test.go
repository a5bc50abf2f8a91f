package sched

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

type numbered int

func (numbered) run(*Loop, *worker) {}
func (numbered) owner() *Loop       { return nil }

func FuzzRunQueue(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0, 0})
	f.Add(slices.Repeat([]byte{1, 1, 0}, 3*runQueueLengthMin))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var q runQueue
		var model []int
		for i, op := range ops {
			if op == 0 && len(model) > 0 {
				if got := q.pop(); got != numbered(model[0]) {
					t.Fatalf("pop: got %v, want %d", got, model[0])
				}
				model = model[1:]
			} else {
				q.push(numbered(i))
				model = append(model, i)
			}
			if int(q.count) != len(model) {
				t.Fatalf("count: got %d, want %d", q.count, len(model))
			}
		}
		for _, want := range model {
			if got := q.pop(); got != numbered(want) {
				t.Fatalf("pop: got %v, want %d", got, want)
			}
		}
		for i, r := range q.ring {
			if r != nil {
				t.Fatalf("place %d: still holds %v", i, r)
			}
		}
	})
}

// wakes is a queue that only counts its wakes.
type wakes struct {
	queue.Queue
	count int
}

func (q *wakes) Features() queue.Features { return queue.Features{} }

func (q *wakes) Wake() error {
	q.count++
	return nil
}

type listed struct{ flag bool }

func (*listed) attend(*Loop) {}

func FuzzInbox(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 0, 1, 2, 3})
	f.Add([]byte{4, 0, 3, 0, 0, 0, 0, 5, 0, 1, 3})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const most = 3
		q := &wakes{}
		l := New(q, Options{MaxPosted: most})
		in := &l.inbox
		attendants := make([]listed, 4)
		var posted, ran []int
		var noticed []attendant
		sleeping, ended, wakeups := false, false, 0
		rouse := func() {
			if sleeping {
				sleeping = false
				wakeups++
			}
		}
		for i, op := range ops {
			switch op % 6 {
			case 0:
				err := in.post(l, func() { ran = append(ran, i) })
				switch {
				case ended != errors.Is(err, ErrStopped), !ended && (len(posted) == most) != errors.Is(err, ErrFull):
					t.Fatalf("post: got %v with %d posted and ended %v", err, len(posted), ended)
				case err == nil:
					posted = append(posted, i)
					rouse()
				}
			case 1, 2:
				a := &attendants[int(op/6)%len(attendants)]
				if !a.flag && !ended {
					noticed = append(noticed, a)
					rouse()
				}
				in.notify(l, a, &a.flag)
			case 3:
				if ended {
					continue
				}
				functions, notices := in.take(true, true)
				ran = nil
				for _, f := range functions {
					f()
				}
				if !slices.Equal(ran, posted) || !slices.Equal(notices, noticed) {
					t.Fatalf("take: got %v and %v, want %v and %v", ran, notices, posted, noticed)
				}
				for _, a := range notices {
					in.unlist(&a.(*listed).flag)
				}
				posted, noticed = nil, nil
			case 4:
				// Announce sleep as the loop does, unless there is something to take.
				if !in.pending.Load() {
					in.sleeping.Store(true)
					sleeping = true
				}
			case 5:
				if ended {
					continue
				}
				ended = true
				if left := in.end(); len(left) != len(posted) {
					t.Fatalf("end: got %d functions, want %d", len(left), len(posted))
				}
			}
			if something := len(posted) > 0 || len(noticed) > 0; something && !in.pending.Load() {
				t.Fatalf("pending: got false with %d functions and %d notices", len(posted), len(noticed))
			}
			if q.count != wakeups {
				t.Fatalf("got %d wakes, want %d", q.count, wakeups)
			}
		}
	})
}

// waitingPlace is a place in the model's line.
type waitingPlace struct {
	task int
	n    int
}

func FuzzSemaphore(f *testing.F) {
	f.Add([]byte{0, 3}, uint8(4))
	f.Add([]byte{3, 10, 4, 20, 1, 5, 2, 30, 6, 40, 9, 0, 12, 0}, uint8(3))
	f.Fuzz(func(t *testing.T, ops []byte, room uint8) {
		size := 1 + int(room%8)
		s := NewSemaphore(size)
		l := New(&wakes{}, Options{})
		tasks := make([]*Task, 6)
		for i := range tasks {
			tasks[i] = &Task{loop: l, parent: context.Background()}
		}
		places := make([]*place, len(tasks))
		var line []waitingPlace
		used := 0
		serve := func() {
			for len(line) > 0 && line[0].n <= size-used {
				used += line[0].n
				line = line[1:]
			}
		}
		waits := func(task int) bool {
			return slices.ContainsFunc(line, func(w waitingPlace) bool { return w.task == task })
		}
		for ; len(ops) >= 2; ops = ops[2:] {
			i, n := int(ops[0]/4)%len(tasks), 1+int(ops[1])%size
			switch ops[0] % 4 {
			case 0:
				if got, want := s.TryAcquire(n), len(line) == 0 && n <= size-used; got != want {
					t.Fatalf("TryAcquire(%d) with %d of %d used and %d in line: got %v", n, used, size, len(line), got)
				} else if got {
					used += n
				}
			case 1:
				if places[i] != nil {
					continue
				}
				places[i] = s.enter(tasks[i], n)
				if len(line) == 0 && n <= size-used {
					used += n
				} else {
					line = append(line, waitingPlace{i, n})
				}
				if (places[i] != nil) != waits(i) {
					t.Fatalf("task %d: got waiting %v, want %v", i, places[i] != nil, waits(i))
				}
			case 2:
				if places[i] == nil {
					continue
				}
				inLine := waits(i)
				if got := s.leave(places[i]); got != inLine {
					t.Fatalf("leave of task %d: got %v, want %v", i, got, inLine)
				}
				places[i] = nil
				line = slices.DeleteFunc(line, func(w waitingPlace) bool { return w.task == i })
				serve()
			case 3:
				if got, want := s.release(n), n <= used; got != want {
					t.Fatalf("release(%d) with %d used: got %v", n, used, got)
				} else if got {
					used -= n
					serve()
				}
			}
			if s.used != used {
				t.Fatalf("used: got %d of %d, want %d", s.used, size, used)
			}
			for i, p := range places {
				if p != nil && p.granted == waits(i) {
					t.Fatalf("task %d: got granted %v with waiting %v", i, p.granted, waits(i))
				}
				if p != nil && p.granted != tasks[i].wasResumed(p.suspension) {
					t.Fatalf("task %d: got granted %v, want the same as resumed", i, p.granted)
				}
			}
		}
	})
}
