package resolvetest

import (
	"errors"
	"strings"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

func withSpecial(adjust func(*resolve.SpecialOptions), f func(s, next resolve.Strategy) *broken) func(*Fixture) {
	return func(p *Fixture) {
		p.Special = func(options resolve.SpecialOptions, next resolve.Strategy) resolve.Strategy {
			if adjust != nil {
				adjust(&options)
			}
			s := resolve.NewSpecial(options, next)
			if f == nil {
				return s
			}
			return f(s, next)
		}
	}
}

func specialMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("special-asks-for-names-below-localhost", withSpecial(nil, func(s, next resolve.Strategy) *broken {
			return passing(s, next, func(q resolve.Question, _ error) bool { return strings.HasSuffix(q.Name.String(), ".localhost") })
		}), "special/localhost"),
		mutant("special-asks-for-types-of-localhost", withSpecial(nil, func(s, next resolve.Strategy) *broken {
			return passing(s, next, noData)
		}), "special/localhost-types"),
		mutant("special-asks-for-onions", withSpecial(nil, func(s, next resolve.Strategy) *broken {
			return passing(s, next, func(q resolve.Question, err error) bool {
				return errors.Is(err, resolve.ErrNotFound) && strings.HasSuffix(q.Name.String(), ".onion")
			})
		}), "special/denied"),
		mutant("special-denies-all-sites", withSpecial(func(o *resolve.SpecialOptions) { o.DenyLocal = true }, nil), "special/sites"),
		mutant("special-denies-no-site", withSpecial(func(o *resolve.SpecialOptions) { *o = resolve.SpecialOptions{} }, nil), "special/sites"),
		mutant("special-compares-endings", withSpecial(nil, func(s, _ resolve.Strategy) *broken {
			return &broken{Strategy: s, try: func(q resolve.Question) (resolve.Answer, error) {
				ans, err := s.Try(q)
				if errors.Is(err, resolve.ErrWouldBlock) && strings.HasSuffix(q.Name.String(), "localhost") {
					err = failure(q, resolve.ErrNotFound)
				}
				return ans, err
			}}
		}), "special/passes-on"),
	}
}
