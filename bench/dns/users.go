package dns

import (
	"errors"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// users are the callers of a strategy, all on one thread, as on an event loop. Each has one lookup
// at a time and begins the next one when that is answered. A lookup that cannot begin yet, because
// the thread is busy, already counts its time.
type users struct {
	strategy resolve.Strategy
	question func() resolve.Question
	sample   int // every how many lookups the time of one is measured

	all      []user
	waiting  []*user // whose next lookup begins next, in order; a ring
	head, n  int     // of waiting
	slab     []resolve.Query
	inbox    *resolve.Inbox
	ready    chan struct{}
	begun    int
	answered int // since reset
	failed   int
	direct   int // answered by Try
	wrong    int
	samples  []latency
	check    func(resolve.Answer) bool // whether an answer is right; nil for no check
	lastErr  error
}

type user struct {
	since   time.Time // when the lookup was wanted; zero if it is not measured
	query   *resolve.Query
	done    func(resolve.Answer, error)
	running bool
}

// latency is the time of a lookup. Open means that it had not ended: it took at least so long.
type latency struct {
	d    time.Duration
	open bool
}

func newUsers(s resolve.Strategy, n, sample int, question func() resolve.Question) *users {
	u := &users{strategy: s, question: question, sample: sample, all: make([]user, n), waiting: make([]*user, n), ready: make(chan struct{}, 1)}
	u.inbox = resolve.NewInbox(func() error {
		select {
		case u.ready <- struct{}{}:
		default:
		}
		return nil
	})
	now := time.Now()
	for i := range u.all {
		one := &u.all[i]
		one.done = func(a resolve.Answer, err error) {
			one.running = false
			u.end(one, a, err)
		}
		u.want(one, now)
	}
	return u
}

// want queues the user's next lookup.
func (u *users) want(one *user, now time.Time) {
	one.since = now
	u.waiting[(u.head+u.n)%len(u.waiting)] = one
	u.n++
}

func (u *users) end(one *user, a resolve.Answer, err error) {
	switch {
	case err != nil:
		u.failed++
		u.lastErr = err
	case u.check != nil && !u.check(a):
		u.wrong++
	default:
		u.answered++
	}
	var now time.Time
	if !one.since.IsZero() {
		now = time.Now()
		u.samples = append(u.samples, latency{d: now.Sub(one.since)})
	}
	if u.begun++; u.begun%u.sample != 0 {
		now = time.Time{}
	} else if now.IsZero() {
		now = time.Now()
	}
	u.want(one, now)
}

// begin begins the lookup that waits longest. It returns true if Start was called.
func (u *users) begin() bool {
	one := u.waiting[u.head]
	u.head = (u.head + 1) % len(u.waiting)
	u.n--
	question := u.question()
	if a, err := u.strategy.Try(question); !errors.Is(err, resolve.ErrWouldBlock) {
		u.direct++
		u.end(one, a, err)
		return false
	}
	if len(u.slab) == 0 {
		u.slab = make([]resolve.Query, 256)
	}
	one.query, u.slab = &u.slab[0], u.slab[1:]
	one.query.Question, one.query.Inbox, one.query.Done = question, u.inbox, one.done
	one.running = true
	u.strategy.Start(one.query)
	return true
}

// clockEvery is the number of lookups after which the users look at the clock.
const clockEvery = 32

// run lets the users work for d.
func (u *users) run(d time.Duration) {
	end := time.Now().Add(d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		// A strategy that answers within Start, which may take long, has filled the inbox.
		for range clockEvery {
			if u.n == 0 || u.begin() && u.inbox.Len() > 0 {
				break
			}
		}
		u.inbox.Run(0)
		if !time.Now().Before(end) {
			return
		}
		if u.n > 0 {
			continue
		}
		select {
		case <-u.ready:
		case <-timer.C:
			return
		}
	}
}

// reset forgets the counts so far.
func (u *users) reset() {
	u.answered, u.failed, u.direct, u.wrong, u.samples, u.lastErr = 0, 0, 0, 0, u.samples[:0], nil
}

// stop cancels the lookups in flight and completes them. No user begins another one.
func (u *users) stop() {
	for i := range u.all {
		if u.all[i].running {
			u.all[i].query.Cancel()
		}
	}
	for u.busy() {
		if u.inbox.Run(0) == 0 {
			<-u.ready
		}
	}
}

func (u *users) busy() bool {
	return slices.ContainsFunc(u.all, func(one user) bool { return one.running })
}

// latencies returns the times of the lookups, sorted, with those that have not ended at the time
// now.
func (u *users) latencies(now time.Time) []latency {
	all := slices.Clone(u.samples)
	for i := range u.all {
		if one := &u.all[i]; !one.since.IsZero() {
			all = append(all, latency{now.Sub(one.since), true})
		}
	}
	slices.SortFunc(all, func(a, b latency) int { return int(a.d - b.d) })
	return all
}

// quantile returns the smallest of the sorted times that the share p does not exceed.
func quantile(p float64, sorted []latency) latency {
	if len(sorted) == 0 {
		return latency{}
	}
	i := int(p*float64(len(sorted))+0.9999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
