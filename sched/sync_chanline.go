package sched

// line is the line of tasks that wait at one side of a Chan, in the order of arrival.
type line[T any] struct{ first, last *seat[T] }

// seat is a task's place in a line, with the item that it sends or receives. A task has at most one
// seat at once.
type seat[T any] struct {
	task       *Task
	suspension uint64
	item       T
	fate       fate
	next, prev *seat[T]
}

// fate is the outcome of a wait. A waiting task is in the line. A served or refused task is not,
// and the loop has been notified to resume it.
type fate uint8

const (
	waits fate = iota
	served
	refused
)

// sendOrSit sends v, or returns the place in the line.
func (c *Chan[T]) sendOrSit(t *Task, v T) (*seat[T], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.put(v):
		return nil, nil
	}
	s := c.sit(&c.senders, t)
	s.item = v
	if len(c.items) == 0 {
		wake(c.forItems)
	}
	return s, nil
}

// recvOrSit receives an item, or returns the place in the line.
func (c *Chan[T]) recvOrSit(t *Task) (v T, s *seat[T], err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.take()
	switch {
	case ok:
		return v, nil, nil
	case c.closed:
		return v, nil, ErrClosed
	}
	s = c.sit(&c.receivers, t)
	if len(c.items) == 0 {
		wake(c.forRoom)
	}
	return v, s, nil
}

// await suspends the task of s and returns the outcome of its wait.
func (c *Chan[T]) await(l *line[T], s *seat[T]) (T, error) {
	settled := false
	defer func() {
		if !settled {
			_, _ = c.rise(l, s, nil) // the loop has failed and ends the task by a panic
		}
	}()
	err := s.task.awaitResumption(s.suspension)
	settled = true
	return c.rise(l, s, err)
}

// rise gives up s. It returns canceled if the task was still in the line.
func (c *Chan[T]) rise(l *line[T], s *seat[T], canceled error) (v T, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s.fate {
	case waits:
		l.unlink(s)
		err = canceled
	case served:
		v = s.item
	case refused:
		err = ErrClosed
	}
	*s = seat[T]{next: c.spare}
	c.spare = s
	return v, err
}

// sit appends t to l. It is called with mu held, like all functions below.
func (c *Chan[T]) sit(l *line[T], t *Task) *seat[T] {
	s := c.spare
	if s == nil {
		s = &seat[T]{}
	} else {
		c.spare = s.next
	}
	s.task, s.suspension, s.fate = t, t.newSuspension(), waits
	s.prev, s.next = l.last, nil
	if l.last != nil {
		l.last.next = s
	} else {
		l.first = s
	}
	l.last = s
	return s
}

// serve ends the wait of the first task in l and returns the item of its seat. For a receiver, the
// item stays in the seat.
func (l *line[T]) serve() T {
	s := l.first
	l.end(s, served)
	return s.item
}

// refuse ends the wait of all tasks in l.
func (l *line[T]) refuse() {
	for l.first != nil {
		l.end(l.first, refused)
	}
}

func (l *line[T]) end(s *seat[T], f fate) {
	l.unlink(s)
	s.fate = f
	s.task.resume(s.suspension)
}

func (l *line[T]) unlink(s *seat[T]) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.last = s.prev
	}
	s.next, s.prev = nil, nil
}
