package resolvetest

import (
	"net/netip"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

type sourceFunc = func(netip.Addr) (netip.Addr, error)

// withSource breaks a host with sources through them.
func withSource(change func(h *resolve.Host, source sourceFunc)) func(*Fixture) {
	return func(p *Fixture) {
		p.Source = func(next resolve.Strategy, order resolve.Order, source sourceFunc) Resolver {
			h := &resolve.Host{Strategy: next, Order: order, Source: source}
			change(h, source)
			return h
		}
	}
}

func sourceMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("source-is-the-destination", withSource(func(h *resolve.Host, source sourceFunc) {
			h.Source = func(dst netip.Addr) (netip.Addr, error) {
				if _, err := source(dst); err != nil {
					return netip.Addr{}, err
				}
				return dst, nil
			}
		}), "source/rules"),
		mutant("source-of-anything", withSource(func(h *resolve.Host, source sourceFunc) {
			h.Source = func(dst netip.Addr) (netip.Addr, error) {
				if src, err := source(dst); err == nil {
					return src, nil
				}
				return dst, nil
			}
		}), "source/unreachable"),
		mutant("source-unknown-is-none", withSource(func(h *resolve.Host, source sourceFunc) {
			h.Source = func(dst netip.Addr) (netip.Addr, error) {
				src, err := source(dst)
				switch {
				case err == nil:
					return src, nil
				case dst.Is6():
					return netip.Addr{}, resolve.ErrNoSource
				}
				return dst, nil
			}
		}), "source/unknown"),
		mutant("source-asks-twice", withSource(func(h *resolve.Host, source sourceFunc) {
			h.Source = func(dst netip.Addr) (netip.Addr, error) {
				source(dst)
				return source(dst)
			}
		}), "source/bounded"),
		mutant("source-is-always-needed", withSource(func(h *resolve.Host, source sourceFunc) {
			h.Strategy = relay(h.Strategy, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil {
					source(a.Addr(0))
				}
				return a, err
			})
		}), "source/not-needed"),
	}
}
