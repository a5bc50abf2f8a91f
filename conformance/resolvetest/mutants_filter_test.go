package resolvetest

import (
	"errors"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func filterWith(build func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error)) func(*Fixture) {
	return func(p *Fixture) { p.Filter = build }
}

func filterMutants() []suite.Mutant[Fixture] {
	// unseen lets the filter decide on a changed copy of the answer.
	unseen := func(change func(q resolve.Question, a resolve.Answer) resolve.Answer) func(*Fixture) {
		return filterWith(func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			var last resolve.Answer
			f, err := resolve.NewFilter(o, relay(next, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				last = a
				return change(q, a), err
			}))
			return relay(f, func(_ resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil {
					a = last
				}
				return a, err
			}), err
		})
	}
	return []suite.Mutant[Fixture]{
		mutant("filter-mapped-addresses-pass", unseen(func(q resolve.Question, a resolve.Answer) resolve.Answer {
			if a.Len() == 1 && a.Addr(0).Is4In6() {
				return answer(q, "2001:db8::1")
			}
			return a
		}), "filter/private"),
		mutant("filter-looks-at-the-first-only", unseen(func(q resolve.Question, a resolve.Answer) resolve.Answer {
			if a.Len() > 1 {
				return answer(q, a.Addr(0).String())
			}
			return a
		}), "filter/private"),
		mutant("filter-refuses-translated-addresses", filterWith(func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			f, err := resolve.NewFilter(o, next)
			return relay(f, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil && a.Len() == 1 && strings.HasPrefix(a.Addr(0).String(), "64:ff9b:") {
					return resolve.Answer{}, failure(q, resolve.ErrFiltered)
				}
				return a, err
			}), err
		}), "filter/public"),
		mutant("filter-allows-by-letters", filterWith(func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			f, err := resolve.NewFilter(o, next)
			return &broken{Strategy: f, start: func(q *resolve.Query) {
				for _, suffix := range o.Allow {
					if strings.HasSuffix(q.Question.Name.String(), strings.ToLower(strings.TrimSuffix(suffix, "."))) {
						next.Start(q)
						return
					}
				}
				f.Start(q)
			}}, err
		}), "filter/allow"),
		mutant("filter-trusts-memory", filterWith(func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			f, err := resolve.NewFilter(o, next)
			return &broken{Strategy: f, try: next.Try}, err
		}), "filter/try"),
		mutant("filter-trusts-canonical-names", filterWith(func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			var last resolve.Answer
			f, err := resolve.NewFilter(o, relay(next, func(_ resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				last = a
				return a, err
			}))
			return relay(f, func(_ resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if errors.Is(err, resolve.ErrFiltered) && strings.HasSuffix(last.Canonical.String(), "corp.example") {
					return last, nil
				}
				return a, err
			}), err
		}), "filter/canonical"),
		mutant("filter-ignores-records", unseen(func(q resolve.Question, a resolve.Answer) resolve.Answer {
			if q.Type == resolve.TypeHTTPS {
				return resolve.NewRecordAnswer(q, nil)
			}
			return a
		}), "filter/hints"),
	}
}

// observerFunc changes what an observer gets.
type observerFunc struct {
	resolve.Observer
	tried    func(q resolve.Question, a resolve.Answer, err error)
	finished func(q resolve.Question, took time.Duration, a resolve.Answer, err error)
}

func (o *observerFunc) Tried(q resolve.Question, a resolve.Answer, err error) {
	if o.tried != nil {
		o.tried(q, a, err)
		return
	}
	o.Observer.Tried(q, a, err)
}

func (o *observerFunc) Finished(q resolve.Question, took time.Duration, a resolve.Answer, err error) {
	if o.finished != nil {
		o.finished(q, took, a, err)
		return
	}
	o.Observer.Finished(q, took, a, err)
}

func observeWith(change func(o *observerFunc)) func(*Fixture) {
	return func(p *Fixture) {
		p.Observe = func(observer resolve.Observer, clock func() time.Time, next resolve.Strategy) resolve.Strategy {
			o := &observerFunc{Observer: observer}
			change(o)
			return resolve.NewObserve(o, clock, next)
		}
	}
}

func observeMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("observe-takes-no-time", observeWith(func(o *observerFunc) {
			o.finished = func(q resolve.Question, _ time.Duration, a resolve.Answer, err error) {
				o.Observer.Finished(q, 0, a, err)
			}
		}), "observe/calls"),
		mutant("observe-misses-cancellations", observeWith(func(o *observerFunc) {
			o.finished = func(q resolve.Question, took time.Duration, a resolve.Answer, err error) {
				if !errors.Is(err, resolve.ErrCanceled) {
					o.Observer.Finished(q, took, a, err)
				}
			}
		}), "observe/canceled"),
		mutant("observe-misses-memory", observeWith(func(o *observerFunc) { o.tried = func(resolve.Question, resolve.Answer, error) {} }), "observe/tried"),
		mutant("observe-takes-no-data-for-not-found", observeWith(func(o *observerFunc) {
			o.finished = func(q resolve.Question, took time.Duration, a resolve.Answer, err error) {
				if errors.Is(err, resolve.ErrNoData) {
					err = failure(q, resolve.ErrNotFound)
				}
				o.Observer.Finished(q, took, a, err)
			}
		}), "observe/stats"),
	}
}
