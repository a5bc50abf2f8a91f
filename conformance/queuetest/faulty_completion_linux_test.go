package queuetest

import (
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
	"github.com/edgewise-go/edgewise/queue/epoll"
)

// faultyCompleter wraps a real Completer. As created it keeps every rule. A mutant replaces the
// part that breaks one.
type faultyCompleter struct {
	*faulty
	real  queue.Completer
	bound int // of a bounded queue, or zero

	// Operations whose last completion no Wait has returned. Guarded by mu.
	flying map[queue.Token]*flying
	byID   map[queue.OpID]*flying
	unused []*flying // guarded by mu; the wrapper allocates nothing in steady state
	given  queue.Op  // guarded by mu

	submit func(op *queue.Op) (queue.OpID, error)
	chain  func(ops []queue.Op, ids []queue.OpID) error
	cancel func(id queue.OpID) error
	lend   func(count, size int) (queue.Buffers, error)
	// completion changes a completion, and drops it if it returns false. It is called with mu held.
	completion func(e *queue.Event, o *flying) bool
}

// flying is an operation in flight.
type flying struct {
	queue.Op
	id       queue.OpID
	variable *queue.Op // the caller's
	canceled bool
	chained  int // the place in a chain, or zero outside of one; the first is 1
	count    int // its completions
}

// faultyBuffers wraps the Buffers of a queue.
type faultyBuffers struct {
	queue.Buffers
	giveBack func(id uint16)
	lent     func() int
	count    func() int
	shut     func() error
}

func (b *faultyBuffers) Return(id uint16) { b.giveBack(id) }
func (b *faultyBuffers) Lent() int        { return b.lent() }
func (b *faultyBuffers) Count() int       { return b.count() }
func (b *faultyBuffers) Close() error     { return b.shut() }

func newFaultyCompleter(real queue.Completer, bound int) *faultyCompleter {
	q := &faultyCompleter{faulty: newFaulty(real), real: real, bound: bound, flying: map[queue.Token]*flying{}, byID: map[queue.OpID]*flying{}}
	q.submit, q.chain, q.cancel, q.lend = q.reallySubmit, q.reallyChain, q.reallyCancel, q.reallyLend
	q.completion = func(*queue.Event, *flying) bool { return true }
	q.events = q.reallyEvents
	return q
}

func (q *faultyCompleter) Submit(op *queue.Op) (queue.OpID, error) { return q.submit(op) }
func (q *faultyCompleter) Cancel(id queue.OpID) error              { return q.cancel(id) }
func (q *faultyCompleter) SubmitChain(ops []queue.Op, ids []queue.OpID) error {
	return q.chain(ops, ids)
}
func (q *faultyCompleter) NewBuffers(count, size int) (queue.Buffers, error) {
	return q.lend(count, size)
}

func (q *faultyCompleter) reallySubmit(op *queue.Op) (queue.OpID, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.given = *op
	if b, ok := op.Buffers.(*faultyBuffers); ok {
		q.given.Buffers = b.Buffers
	}
	id, err := q.real.Submit(&q.given)
	if err == nil {
		q.enter(flying{Op: *op, id: id, variable: op})
	}
	return id, err
}

func (q *faultyCompleter) reallyChain(ops []queue.Op, ids []queue.OpID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	given := append([]queue.Op(nil), ops...)
	for i := range given {
		if b, ok := given[i].Buffers.(*faultyBuffers); ok {
			given[i].Buffers = b.Buffers
		}
	}
	err := q.real.SubmitChain(given, ids)
	for i := range ops {
		if err == nil {
			q.enter(flying{Op: ops[i], id: ids[i], variable: &ops[i], chained: i + 1})
		}
	}
	return err
}

func (q *faultyCompleter) reallyCancel(id queue.OpID) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.real.Cancel(id)
	if o := q.byID[id]; o != nil && err == nil {
		o.canceled = true
	}
	return err
}

// enter adds an operation in flight. The caller holds mu.
func (q *faultyCompleter) enter(o flying) {
	if len(q.unused) == 0 {
		q.unused = append(q.unused, new(flying))
	}
	last := len(q.unused) - 1
	p := q.unused[last]
	q.unused = q.unused[:last]
	*p = o
	q.flying[o.Token], q.byID[o.id] = p, p
}

func (q *faultyCompleter) reallyLend(count, size int) (queue.Buffers, error) {
	real, err := q.real.NewBuffers(count, size)
	if err != nil {
		return nil, err
	}
	return &faultyBuffers{Buffers: real, giveBack: real.Return, lent: real.Lent, count: real.Count, shut: real.Close}, nil
}

// reallyEvents passes each completion to q.completion. The caller holds mu.
func (q *faultyCompleter) reallyEvents(events []queue.Event) []queue.Event {
	kept := events[:0]
	for i := range events {
		e := &events[i]
		o := q.flying[e.Token]
		if e.Completion != 0 && o != nil {
			o.count++
			ended := e.Terminal()
			if ended {
				delete(q.flying, e.Token)
				delete(q.byID, o.id)
			}
			keep := q.completion(e, o)
			if ended {
				q.unused = append(q.unused, o)
			}
			if !keep {
				continue
			}
		}
		kept = append(kept, *e)
	}
	return kept
}

// changes makes every operation that is submitted alone pass through change first.
func (q *faultyCompleter) changes(change func(op *queue.Op)) {
	q.submit = func(op *queue.Op) (queue.OpID, error) {
		changed := *op
		change(&changed)
		return q.reallySubmit(&changed)
	}
}

// results makes the result of every completion pass through change.
func (q *faultyCompleter) results(change func(result int32, o *flying) int32) {
	q.completion = func(e *queue.Event, o *flying) bool {
		e.Result = change(e.Result, o)
		return true
	}
}

// never submits op so that it never begins.
func (q *faultyCompleter) never(op *queue.Op) (queue.OpID, error) {
	ids := make([]queue.OpID, 2)
	err := q.reallyChain([]queue.Op{{Kind: queue.OpTimeout, After: 1 << 50, Token: ^op.Token}, *op}, ids)
	return ids[1], err
}

// mutateCompletion makes mutants of a Completer.
func mutateCompletion(name string, change func(q *faultyCompleter)) suite.Target[*Fixture] {
	target := completionTarget(epollTarget("eventfd"))
	target.Name, target.Seed = name, mutantSeed
	target.OpenBounded = func(bound int) (queue.Queue, error) {
		below, err := epoll.New(epoll.Options{})
		if err != nil {
			return nil, err
		}
		real, err := completion.New(below, completion.Options{MaxOperations: bound})
		if err != nil {
			return nil, err
		}
		q := newFaultyCompleter(real, bound)
		change(q)
		return q, nil
	}
	target.Open = func() (queue.Queue, error) { return target.OpenBounded(0) }
	return target.suite()
}

// completionMutant is a mutant of a Completer, named after the broken rule, and the case that must
// report it.
type completionMutant struct {
	name    string
	change  func(q *faultyCompleter)
	detects string
}
