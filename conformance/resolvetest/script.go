package resolvetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func isError(t T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want one that is %q", what, got, want)
	}
}

// script is a scripted lookup.
type script struct {
	t        T
	reply    func(q resolve.Question) (resolve.Answer, error) // nil: hold every lookup until the case releases it
	heedless bool                                             // do not end a held lookup when its context ends

	quit    chan struct{} // closed by end
	end     func()        // ends the lookups that are still held
	arrived chan *lookup

	mu     sync.Mutex
	n      int
	inside int
	most   int
}

// lookup is a held lookup.
type lookup struct {
	question resolve.Question
	ctx      context.Context
	result   chan result
}

type result struct {
	answer resolve.Answer
	err    error
}

// lookupsMax bounds the lookups of one case.
const lookupsMax = 4096

func newScript(t T, reply func(q resolve.Question) (resolve.Answer, error)) *script {
	s := &script{t: t, reply: reply, quit: make(chan struct{}), arrived: make(chan *lookup, lookupsMax)}
	s.end = sync.OnceFunc(func() { close(s.quit) })
	t.OnHang(s.end)
	t.Cleanup(s.end)
	return s
}

func (s *script) Lookup(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
	s.mu.Lock()
	s.n++
	s.inside++
	s.most = max(s.most, s.inside)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inside--
		s.mu.Unlock()
	}()
	l := &lookup{question: q, ctx: ctx, result: make(chan result, 1)}
	s.arrived <- l
	if s.reply != nil {
		return s.reply(q)
	}
	done := ctx.Done()
	if s.heedless {
		done = nil
	}
	select {
	case r := <-l.result:
		return r.answer, r.err
	case <-done:
		return resolve.Answer{}, ctx.Err()
	case <-s.quit:
		return resolve.Answer{}, failure(q, resolve.ErrServFail)
	}
}

func (s *script) lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// next returns the next lookup that arrives.
func (s *script) next() *lookup {
	s.t.Helper()
	return suite.Receive(s.t, "the next lookup", s.arrived)
}

// nextOf returns the next lookup of q. A strategy that asks a server may repeat its questions.
func (s *script) nextOf(q resolve.Question) *lookup {
	s.t.Helper()
	for {
		if l := s.next(); l.question == q {
			return l
		}
	}
}

func (l *lookup) release(a resolve.Answer, err error) { l.result <- result{a, err} }

// fixed answers every question with one address of the type asked for.
func fixed(q resolve.Question) (resolve.Answer, error) {
	if q.Type == resolve.TypeAAAA {
		return answer(q, "2001:db8::1"), nil
	}
	return answer(q, "192.0.2.1"), nil
}

// base opens the base. At the end of the case it closes the base, whose goroutines must end.
func (p Fixture) base(t T, s *script, bounds resolve.PoolOptions) resolve.Strategy {
	t.Helper()
	b, err := p.Base(t, s.Lookup, bounds)
	if err != nil {
		t.Fatalf("base: %v", err)
	}
	t.Cleanup(func() {
		b.Close()
		s.end()
		join(t, b)
	})
	return b
}

var roomy = resolve.PoolOptions{Workers: 4, MaxQueued: lookupsMax}

// upstream is the strategy under a decorator. It completes queries when the case asks for it.
type upstream struct {
	t   T
	try func(q resolve.Question) (resolve.Answer, error) // nil: would block

	mu      sync.Mutex
	started []*resolve.Query
	stopped int // number of started queries that were canceled or timed out
	closed  bool
}

func (u *upstream) Try(q resolve.Question) (resolve.Answer, error) {
	if u.try != nil {
		return u.try(q)
	}
	return resolve.Answer{}, resolve.ErrWouldBlock
}

func (u *upstream) Start(q *resolve.Query) {
	if !q.Accept(func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.stopped++
	}) {
		return
	}
	u.mu.Lock()
	closed := u.closed
	if !closed {
		u.started = append(u.started, q)
	}
	u.mu.Unlock()
	if closed {
		q.Finish(resolve.Answer{}, failure(q.Question, resolve.ErrClosed))
	}
}

func (u *upstream) Close() error {
	u.mu.Lock()
	started := u.started
	u.closed = true
	u.mu.Unlock()
	for _, q := range started {
		q.Finish(resolve.Answer{}, failure(q.Question, resolve.ErrClosed))
	}
	return nil
}

func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.started)
}

func (u *upstream) stops() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stopped
}

// asked fails the case unless n questions have been passed on.
func (u *upstream) asked(n int, why string) {
	u.t.Helper()
	if got := u.count(); got != n {
		u.t.Fatalf("%s: %d questions were passed on, want %d", why, got, n)
	}
}

// finish completes the query at index i, which must exist.
func (u *upstream) finish(i int, a resolve.Answer, err error) {
	u.t.Helper()
	if got := u.count(); i >= got {
		u.t.Fatalf("%d questions were passed on, want at least %d", got, i+1)
	}
	u.mu.Lock()
	q := u.started[i]
	u.mu.Unlock()
	q.Finish(a, err)
}

// clock is a clock that moves only when the case advances it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
