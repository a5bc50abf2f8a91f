package resolvetest

import (
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// wrapped breaks a decorator: below changes each strategy that it gets, above the decorator.
func wrapped(name string, below, above func(s resolve.Strategy) resolve.Strategy) func(*Fixture) {
	if below == nil {
		below = func(s resolve.Strategy) resolve.Strategy { return s }
	}
	up := func(s resolve.Strategy, err error) (resolve.Strategy, error) {
		if err != nil || above == nil {
			return s, err
		}
		return above(s), nil
	}
	all := func(ss []resolve.Strategy) (changed []resolve.Strategy) {
		for _, s := range ss {
			changed = append(changed, below(s))
		}
		return changed
	}
	return func(p *Fixture) {
		d := Default()
		switch name {
		case "limit":
			p.Limit = func(o resolve.LimitOptions, next resolve.Strategy) (resolve.Strategy, error) {
				return up(d.Limit(o, below(next)))
			}
		case "fallback":
			p.Fallback = func(o resolve.FallbackOptions, ss ...resolve.Strategy) (resolve.Strategy, error) {
				return up(d.Fallback(o, all(ss)...))
			}
		case "race":
			p.Race = func(ss ...resolve.Strategy) (resolve.Strategy, error) { return up(d.Race(all(ss)...)) }
		case "hedge":
			p.Hedge = func(o resolve.HedgeOptions, first resolve.Strategy) (resolve.Strategy, error) {
				if o.Second != nil {
					o.Second = below(o.Second)
				}
				return up(d.Hedge(o, below(first)))
			}
		case "filter":
			p.Filter = func(o resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
				return up(d.Filter(o, below(next)))
			}
		case "observe":
			p.Observe = func(o resolve.Observer, clock func() time.Time, next resolve.Strategy) resolve.Strategy {
				s, _ := up(d.Observe(o, clock, below(next)), nil)
				return s
			}
		case "adaptive":
			p.Adaptive = func(o resolve.AdaptiveOptions) (Adapter, error) {
				for i := range o.Routes {
					o.Routes[i].Strategy = below(o.Routes[i].Strategy)
				}
				a, err := resolve.NewAdaptive(o)
				if err != nil {
					return nil, err
				}
				b := &brokenAdapter{broken: &broken{Strategy: a}, adapter: a}
				if above != nil {
					b.Strategy = above(a)
				}
				return b, nil
			}
		default:
			panic("no decorator " + name)
		}
	}
}

// decoratorMutants break the rules that every decorator keeps.
func decoratorMutants() []suite.Mutant[Fixture] {
	var mutants []suite.Mutant[Fixture]
	for _, d := range decorators() {
		mutants = append(mutants,
			mutant(d.name+"-forgets", wrapped(d.name, nil, func(s resolve.Strategy) resolve.Strategy {
				return &broken{Strategy: s, try: func(resolve.Question) (resolve.Answer, error) { return resolve.Answer{}, resolve.ErrWouldBlock }}
			}), d.name+"/memory"),
			mutant(d.name+"-completes-twice", wrapped(d.name, nil, func(s resolve.Strategy) resolve.Strategy {
				return onDone(s, func(done func(resolve.Answer, error), a resolve.Answer, err error) {
					done(a, err)
					done(a, err)
				})
			}), d.name+"/answers"),
			mutant(d.name+"-asks-on", wrapped(d.name, func(s resolve.Strategy) resolve.Strategy { return relay(s, nil) }, nil), d.name+"/cancel"),
			mutant(d.name+"-stays-open", wrapped(d.name, nil, func(s resolve.Strategy) resolve.Strategy {
				return &broken{Strategy: s, close: func() error { return nil }}
			}), d.name+"/close"))
	}
	return mutants
}
