package resolvetest

import (
	"errors"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func fallbackOptions(adjust func(*resolve.FallbackOptions)) func(*Fixture) {
	return func(p *Fixture) {
		fallback := p.Fallback
		p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
			adjust(&o)
			return fallback(o, ss...)
		}
	}
}

func fallbackMutants() []suite.Mutant[Fixture] {
	always := func(resolve.Question, error) bool { return true }
	return []suite.Mutant[Fixture]{
		mutant("fallback-to-nothing", func(p *Fixture) {
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				return resolve.NewFallback(o, ss[0])
			}
		}, "fallback/failure"),
		mutant("fallback-takes-negative-for-failure", func(p *Fixture) {
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				first := relay(ss[0], func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
					if errors.Is(err, resolve.ErrNotFound) || errors.Is(err, resolve.ErrNoData) {
						err = failure(q, resolve.ErrServFail)
					}
					return a, err
				})
				return resolve.NewFallback(o, first, ss[1])
			}
		}, "fallback/negative"),
		mutant("fallback-hides-the-last-failure", func(p *Fixture) {
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				f, err := resolve.NewFallback(o, ss...)
				return onDone(f, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
					if errors.Is(err, resolve.ErrMalformed) {
						err = resolve.ErrServFail
					}
					done(a, err)
				}), err
			}
		}, "fallback/all-fail"),
		mutant("fallback-always", fallbackOptions(func(o *resolve.FallbackOptions) { o.If = always }), "fallback/predicate"),
		mutant("fallback-tries-everything", func(p *Fixture) {
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				f, err := resolve.NewFallback(o, ss...)
				return &broken{Strategy: f, try: func(q resolve.Question) (resolve.Answer, error) {
					a, err := f.Try(q)
					if err != nil {
						return ss[1].Try(q)
					}
					return a, err
				}}, err
			}
		}, "fallback/try"),
		mutant("fallback-after-cancel", func(p *Fixture) {
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				f, err := resolve.NewFallback(o, ss...)
				return &broken{Strategy: f, start: func(q *resolve.Query) {
					q.OnFinish(func(q *resolve.Query, _ resolve.Answer, err error) {
						if errors.Is(err, resolve.ErrCanceled) {
							next := &resolve.Query{Question: q.Question}
							next.OnFinish(func(*resolve.Query, resolve.Answer, error) {})
							ss[1].Start(next)
						}
					})
					f.Start(q)
				}}, err
			}
		}, "fallback/canceled"),
		mutant("fallback-without-timeout", fallbackOptions(func(o *resolve.FallbackOptions) { o.Timeout = 0 * time.Second }), "fallback/timeout"),
	}
}

func raceMutants() []suite.Mutant[Fixture] {
	change := func(f func(q resolve.Question, err error) error, which int) func(*Fixture) {
		return func(p *Fixture) {
			p.Race = func(ss ...resolve.Strategy) (resolve.Strategy, error) {
				ss[which] = relay(ss[which], func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
					return a, f(q, err)
				})
				return resolve.NewRace(ss...)
			}
		}
	}
	return []suite.Mutant[Fixture]{
		mutant("race-of-one", func(p *Fixture) {
			p.Race = func(ss ...resolve.Strategy) (resolve.Strategy, error) { return resolve.NewRace(ss[0]) }
		}, "race/first-wins"),
		mutant("race-negative-loses", change(func(q resolve.Question, err error) error {
			if errors.Is(err, resolve.ErrNotFound) {
				return failure(q, resolve.ErrServFail)
			}
			return err
		}, 1), "race/negative"),
		mutant("race-failure-wins", change(func(q resolve.Question, err error) error {
			if errors.Is(err, resolve.ErrServFail) {
				return failure(q, resolve.ErrNotFound)
			}
			return err
		}, 0), "race/failure-waits"),
		mutant("race-other-order", func(p *Fixture) {
			p.Race = func(ss ...resolve.Strategy) (resolve.Strategy, error) { return resolve.NewRace(ss[1], ss[0]) }
		}, "race/all-fail"),
		mutant("race-starts-everything", func(p *Fixture) {
			p.Race = func(ss ...resolve.Strategy) (resolve.Strategy, error) {
				r, err := resolve.NewRace(ss...)
				return &broken{Strategy: r, start: func(q *resolve.Query) {
					r.Start(q)
					extra := &resolve.Query{Question: q.Question}
					extra.OnFinish(func(*resolve.Query, resolve.Answer, error) {})
					ss[1].Start(extra)
				}}, err
			}
		}, "race/in-start"),
	}
}
