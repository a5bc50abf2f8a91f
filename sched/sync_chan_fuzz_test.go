package sched

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// chanModel is a model of a Chan in slices.
type chanModel struct {
	size, roomWakes, itemWakes int
	items                      []int
	senders, receivers         []int       // tasks, in line
	sends                      map[int]int // item that a task in line sends
	got                        map[int]int // item that a task has been given
	closed                     bool
}

func (m *chanModel) put(v int) bool {
	if len(m.receivers) > 0 {
		m.got[m.receivers[0]], m.receivers = v, m.receivers[1:]
		return true
	}
	if len(m.items) == m.size {
		return false
	}
	m.items = append(m.items, v)
	m.itemWakes++
	return true
}

func (m *chanModel) take() (int, bool) {
	if len(m.items)+len(m.senders) == 0 {
		return 0, false
	}
	all := m.items
	if len(m.senders) > 0 {
		all = append(all, m.sends[m.senders[0]])
		m.got[m.senders[0]], m.senders = 0, m.senders[1:]
	} else {
		m.roomWakes++
	}
	m.items = all[1:]
	return all[0], true
}

func without(line []int, task int) []int {
	return slices.DeleteFunc(slices.Clone(line), func(t int) bool { return t == task })
}

type wakeCount int

func (w *wakeCount) Wake() { *w++ }

// FuzzChan applies operations of tasks and goroutines, and cancellations, to a Chan and to the
// model. Each operation is two bytes: its kind and its task.
func FuzzChan(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0, 2, 0, 3, 1, 4, 2, 5, 3}, uint8(1))
	f.Add([]byte{2, 0, 2, 1, 3, 2, 3, 3, 4, 0, 1, 0, 4, 2}, uint8(0))
	f.Add([]byte{2, 0, 2, 1, 2, 2, 5, 0, 4, 0, 4, 1, 1, 0, 1, 0, 1, 0}, uint8(2))
	f.Fuzz(func(t *testing.T, ops []byte, room uint8) {
		size := int(room % 4)
		c := NewChan[int](size)
		m := &chanModel{size: size, sends: map[int]int{}, got: map[int]int{}}
		l := New(&wakes{}, Options{})
		tasks := make([]*Task, 6)
		for i := range tasks {
			tasks[i] = &Task{loop: l, parent: context.Background()}
		}
		seats := make([]*seat[int], len(tasks))
		sending := make([]bool, len(tasks))
		var forItems, forRoom wakeCount
		_ = c.WatchRecv(&forItems)
		if err := c.WatchSend(&forRoom); err != nil || int(forRoom) != min(size, 1) {
			t.Fatalf("WatchSend: got %v and %d wakes", err, forRoom)
		}
		m.roomWakes = int(forRoom)
		for v := 1; len(ops) >= 2; v, ops = v+1, ops[2:] {
			i := int(ops[1]) % len(tasks)
			switch ops[0] % 6 {
			case 0:
				err := c.TrySend(v)
				want := error(nil)
				if m.closed {
					want = ErrClosed
				} else if !m.put(v) {
					want = ErrFull
				}
				if err != want {
					t.Fatalf("TrySend: got %v, want %v", err, want)
				}
			case 1:
				got, err := c.TryRecv()
				want, ok := m.take()
				if ok != (err == nil) || got != want || !ok && m.closed != errors.Is(err, ErrClosed) {
					t.Fatalf("TryRecv: got %d, %v, want %d", got, err, want)
				}
			case 2, 3:
				if seats[i] == nil {
					sending[i] = ops[0]%6 == 2
					seats[i] = sit(t, c, m, tasks[i], i, v, sending[i], size)
				}
			case 4:
				if seats[i] != nil {
					rise(t, c, m, seats[i], i, sending[i])
					seats[i] = nil
				}
			case 5:
				c.Close()
				if !m.closed {
					m.closed, m.senders, m.receivers = true, nil, nil
					m.itemWakes++
					m.roomWakes++
				}
			}
			compareChan(t, c, m, seats)
			if int(forItems) != m.itemWakes || int(forRoom) != m.roomWakes {
				t.Fatalf("got %d wakes for items and %d for room, want %d and %d", forItems, forRoom, m.itemWakes, m.roomWakes)
			}
		}
	})
}

// sit makes a task send v or receive, and checks whether it has to wait.
func sit(t *testing.T, c *Chan[int], m *chanModel, task *Task, i, v int, sends bool, size int) *seat[int] {
	t.Helper()
	if sends {
		s, err := c.sendOrSit(task, v)
		switch closed := m.closed; {
		case closed != errors.Is(err, ErrClosed):
			t.Fatalf("Send: got %v with closed %v", err, closed)
		case !closed && !m.put(v):
			m.senders, m.sends[i] = append(m.senders, i), v
			if size == 0 {
				m.itemWakes++
			}
		}
		return s
	}
	got, s, err := c.recvOrSit(task)
	want, ok := m.take()
	switch {
	case got != want, (!ok && m.closed) != errors.Is(err, ErrClosed):
		t.Fatalf("Recv: got %d, %v, want %d", got, err, want)
	case !ok && !m.closed:
		m.receivers = append(m.receivers, i)
		if size == 0 {
			m.roomWakes++
		}
	}
	return s
}

// rise ends a task's wait, by a cancellation if nothing else has come, and checks the outcome.
func rise(t *testing.T, c *Chan[int], m *chanModel, s *seat[int], i int, sends bool) {
	t.Helper()
	canceled := &CancelError{}
	l := &c.receivers
	if sends {
		l = &c.senders
	}
	inLine := slices.Contains(m.senders, i) || slices.Contains(m.receivers, i)
	want, served := m.got[i]
	got, err := c.rise(l, s, canceled)
	switch {
	case inLine:
		if err != error(canceled) {
			t.Fatalf("task %d: canceled in line, got %v, want its *CancelError", i, err)
		}
		m.senders, m.receivers = without(m.senders, i), without(m.receivers, i)
	case served:
		if err != nil || !sends && got != want {
			t.Fatalf("task %d: served, got %d, %v, want %d", i, got, err, want)
		}
	case err != ErrClosed:
		t.Fatalf("task %d: refused, got %v, want ErrClosed", i, err)
	}
	delete(m.got, i)
}

func compareChan(t *testing.T, c *Chan[int], m *chanModel, seats []*seat[int]) {
	t.Helper()
	if c.Len() != len(m.items) || c.Len() > c.Cap() {
		t.Fatalf("got %d items, want %d (capacity %d)", c.Len(), len(m.items), c.Cap())
	}
	for _, side := range []struct {
		line *line[int]
		want []int
	}{{&c.senders, m.senders}, {&c.receivers, m.receivers}} {
		s := side.line.first
		for _, i := range side.want {
			if s == nil || s != seats[i] || s.fate != waits {
				t.Fatalf("task %d: not in its place in the line", i)
			}
			s = s.next
		}
		if s != nil {
			t.Fatal("line: more tasks than expected")
		}
	}
	for i, s := range seats {
		if s != nil && (s.fate != waits) != s.task.wasResumed(s.suspension) {
			t.Fatalf("task %d: got fate %d with resumed %v", i, s.fate, s.task.wasResumed(s.suspension))
		}
	}
}
