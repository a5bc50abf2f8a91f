package resolve

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// known is what the model of a cache holds for a question.
type known struct {
	err     error // nil for an answer
	expires time.Time
}

// model is a cache without bounds, which is obviously right.
type model map[Question]known

func (m model) find(q Question, now time.Time) (known, bool) {
	exact, ok := m[q]
	if ok && !now.Before(exact.expires) {
		ok = false
	}
	failed := ok && errors.Is(exact.err, ErrServFail)
	if ok && !failed {
		return exact, true
	}
	all := Question{q.Name, typeAny, q.Class}
	if absent, has := m[all]; has && now.Before(absent.expires) && q.Type != TypeCNAME {
		delete(m, q)
		return absent, true
	}
	return exact, failed
}

func (m model) store(q Question, ttl time.Duration, err error, now time.Time) {
	all := Question{q.Name, typeAny, q.Class}
	e, _ := err.(*Error)
	switch {
	case e != nil && errors.Is(err, ErrServFail):
		m[q] = known{err, now.Add(time.Second)}
		return
	case e != nil && e.RCode == RCodeNameError && q.Type != TypeCNAME:
		delete(m, q)
		q = all
	default:
		delete(m, all)
	}
	if delete(m, q); ttl > 0 {
		m[q] = known{err, now.Add(ttl)}
	}
}

// The cache and the model hold the same for random questions, results and steps of the clock.
func TestCacheIsLikeItsModel(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, seed))
		now := time.Now()
		c := newCache(t, CacheOptions{Clock: func() time.Time { return now }, MaxFailureTTL: time.Second}, silent{})
		m := model{}
		types := []Type{TypeA, TypeAAAA, TypeMX, TypeCNAME}
		for step := range 5000 {
			now = now.Add(time.Duration(random.IntN(1000)) * time.Millisecond)
			q := mustQuestion(t, string(rune('a'+random.IntN(3)))+".example", types[random.IntN(len(types))])
			want, has := m.find(q, now)
			a, err := c.Try(q)
			switch {
			case has != (err != ErrWouldBlock),
				has && (err == nil) != (want.err == nil),
				has && err != nil && !errors.Is(err, errors.Unwrap(want.err)),
				has && err == nil && (a.Question != q || !a.Expires.Equal(want.expires)):
				t.Fatalf("seed %d, step %d, %v: got %v, %v, want %v, in memory: %v", seed, step, q, a.Expires, err, want, has)
			}
			if has {
				continue
			}
			ttl := time.Duration(random.IntN(6)) * time.Second
			var result Answer
			var failure error
			switch random.IntN(5) {
			case 0:
				failure = &Error{Op: "test", Question: q, RCode: RCodeNameError, Expires: now.Add(ttl), Err: ErrNotFound}
			case 1:
				failure = &Error{Op: "test", Question: q, Expires: now.Add(ttl), Err: ErrNoData}
			case 2:
				failure = &Error{Op: "test", Question: q, Err: ErrServFail}
			default:
				result = Answer{Question: q, Expires: now.Add(ttl)}
			}
			learn(c, q, result, failure)
			m.store(q, ttl, failure, now)
		}
		entries := 0
		for name, e := range c.names {
			for ; e != nil; e = e.sibling {
				if entries++; e.name != name {
					t.Fatalf("seed %d: the entry of %q is among those of %q", seed, e.name, name)
				}
			}
		}
		if s := c.Stats(); entries != s.Positive+s.Negative+s.Failures {
			t.Fatalf("seed %d: %d entries by name, %+v in the queues", seed, entries, s)
		}
	}
}
