package resolvetest

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// T is the part of testing.TB that cases and targets use.
type T = suite.T

// Case is one rule of the contract and the function that enforces it.
type Case = suite.Case[Fixture]

// Feature names something that a target may lack.
type Feature = suite.Feature

// Waiver is a known deviation of a target.
type Waiver = suite.Waiver

// Violation is a case that failed. It implements error.
type Violation = suite.Violation

// The features. A target claims the features from Base to Wait, and Wire, by
// having the part of that name.
const (
	Base     Feature = "base"
	Literal  Feature = "literal"
	Special  Feature = "special"
	Static   Feature = "static"
	Hosts    Feature = "hosts"
	Cache    Feature = "cache"
	Coalesce Feature = "coalesce"
	Host     Feature = "host"
	Search   Feature = "search"
	Source   Feature = "source"
	Wait     Feature = "wait"
	Limit    Feature = "limit"
	Fallback Feature = "fallback"
	Race     Feature = "race"
	Hedge    Feature = "hedge"
	Filter   Feature = "filter"
	Observe  Feature = "observe"
	Adaptive Feature = "adaptive"

	Async    Feature = "async"     // Start of the base returns before the lookup does
	Bounded  Feature = "bounded"   // the base keeps to the bounds on workers and queue that it was given
	Lookup   Feature = "lookup"    // the base calls the lookup itself, not through a server
	SlowLane Feature = "slow lane" // the base has the slow lane of a pool
	Spares   Feature = "spares"    // the base replaces workers that lookups keep after the end of their query
	Precise  Feature = "precise"   // the base distinguishes a name without data from a name that does not exist
)

// Resolver is the host layer; *resolve.Host is one.
type Resolver interface {
	Try(name string, family resolve.Family) (resolve.HostAnswer, error)
	Start(hq *resolve.HostQuery)
}

// Fixture holds the parts of a target. A nil part is a feature that the target does not claim.
type Fixture struct {
	// Base makes the strategy that performs the lookups that the case scripts. A strategy that asks
	// over the network runs a server that answers as the lookup does. If a strategy has a method
	// Wait, all its goroutines must have ended when Wait returns after Close.
	Base func(t T, lookup resolve.Lookup, bounds resolve.PoolOptions) (resolve.Strategy, error)

	Literal  func(next resolve.Strategy) resolve.Strategy
	Special  func(options resolve.SpecialOptions, next resolve.Strategy) resolve.Strategy
	Static   func(names map[string][]netip.Addr, next resolve.Strategy) (resolve.Strategy, error)
	Hosts    func(options resolve.HostsOptions, next resolve.Strategy) (resolve.Strategy, error)
	Cache    func(options resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error)
	Coalesce func(waitersMax int, next resolve.Strategy) resolve.Strategy
	Host     func(next resolve.Strategy, order resolve.Order) Resolver
	Search   func(next resolve.Strategy, search resolve.Search) Resolver
	Source   func(next resolve.Strategy, order resolve.Order, source func(dst netip.Addr) (netip.Addr, error)) Resolver
	Wait     func(ctx context.Context, s resolve.Strategy, q resolve.Question) (resolve.Answer, error)
	Limit    func(options resolve.LimitOptions, next resolve.Strategy) (resolve.Strategy, error)
	Fallback func(options resolve.FallbackOptions, strategies ...resolve.Strategy) (resolve.Strategy, error)
	Race     func(strategies ...resolve.Strategy) (resolve.Strategy, error)
	Hedge    func(options resolve.HedgeOptions, first resolve.Strategy) (resolve.Strategy, error)
	Filter   func(options resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error)
	Observe  func(observer resolve.Observer, clock func() time.Time, next resolve.Strategy) resolve.Strategy
	Adaptive func(options resolve.AdaptiveOptions) (Adapter, error)

	// Wire makes a stub resolver that asks the servers in o. If it has a method Wait, all its
	// goroutines must have ended when Wait returns after Close.
	Wire func(t T, o WireOptions) (resolve.Strategy, error)
}

// Adapter is a strategy that chooses between routes; *resolve.Adaptive is one.
type Adapter interface {
	resolve.Strategy
	Sample(name string, took time.Duration, err error) bool
	Decide(q resolve.Question) resolve.Decision
}

// Target is an implementation or a part of one, and its claims beyond the parts that it has.
type Target struct {
	Name    string
	Fixture Fixture
	Claims  []Feature // any of Async, Bounded, Lookup, Precise, SlowLane, Spares, Cookies, MixedCase, Suspicion, Follow
	Waivers []Waiver
}

// Default returns the parts of package resolve, without a base.
func Default() Fixture {
	return Fixture{
		Literal: func(next resolve.Strategy) resolve.Strategy { return resolve.NewLiteral(next) },
		Special: func(options resolve.SpecialOptions, next resolve.Strategy) resolve.Strategy {
			return resolve.NewSpecial(options, next)
		},
		Static: func(names map[string][]netip.Addr, next resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewStatic(names, next)
		},
		Hosts: func(options resolve.HostsOptions, next resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewHostsFile(options, next)
		},
		Cache: func(options resolve.CacheOptions, next resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewCache(options, next)
		},
		Coalesce: func(waitersMax int, next resolve.Strategy) resolve.Strategy {
			return resolve.NewCoalesce(waitersMax, next)
		},
		Host: func(next resolve.Strategy, order resolve.Order) Resolver {
			return &resolve.Host{Strategy: next, Order: order}
		},
		Search: func(next resolve.Strategy, search resolve.Search) Resolver {
			return &resolve.Host{Strategy: next, Search: func() resolve.Search { return search }}
		},
		Source: func(next resolve.Strategy, order resolve.Order, source func(dst netip.Addr) (netip.Addr, error)) Resolver {
			return &resolve.Host{Strategy: next, Order: order, Source: source}
		},
		Wait: resolve.Wait,
		Limit: func(options resolve.LimitOptions, next resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewLimit(options, next)
		},
		Fallback: func(options resolve.FallbackOptions, strategies ...resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewFallback(options, strategies...)
		},
		Race: func(strategies ...resolve.Strategy) (resolve.Strategy, error) { return resolve.NewRace(strategies...) },
		Hedge: func(options resolve.HedgeOptions, first resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewHedge(options, first)
		},
		Filter: func(options resolve.FilterOptions, next resolve.Strategy) (resolve.Strategy, error) {
			return resolve.NewFilter(options, next)
		},
		Observe: func(observer resolve.Observer, clock func() time.Time, next resolve.Strategy) resolve.Strategy {
			return resolve.NewObserve(observer, clock, next)
		},
		Adaptive: func(options resolve.AdaptiveOptions) (Adapter, error) { return resolve.NewAdaptive(options) },
	}
}

// Run runs every case as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	suite.Run(t, "resolve", Cases(), target.suite())
}

// Check runs every case without a *testing.T and returns the violations.
func Check(ctx context.Context, target Target) []Violation {
	return suite.Violations(suite.Check(ctx, Cases(), target.suite()))
}

func (target Target) suite() suite.Target[Fixture] {
	p := target.Fixture
	features := slices.Clone(target.Claims)
	for _, f := range []struct {
		feature Feature
		has     bool
	}{
		{Base, p.Base != nil}, {Literal, p.Literal != nil}, {Static, p.Static != nil}, {Hosts, p.Hosts != nil},
		{Cache, p.Cache != nil}, {Coalesce, p.Coalesce != nil}, {Host, p.Host != nil}, {Wait, p.Wait != nil},
		{Search, p.Search != nil}, {Source, p.Source != nil}, {Special, p.Special != nil},
		{Limit, p.Limit != nil}, {Fallback, p.Fallback != nil}, {Race, p.Race != nil}, {Hedge, p.Hedge != nil},
		{Filter, p.Filter != nil}, {Observe, p.Observe != nil}, {Adaptive, p.Adaptive != nil}, {Wire, p.Wire != nil},
	} {
		if f.has {
			features = append(features, f.feature)
		}
	}
	return suite.Target[Fixture]{Name: target.Name, Features: features, Waivers: target.Waivers,
		Open: func(T) (Fixture, error) { return p, nil }}
}

func needs(features ...Feature) []Feature { return features }

// Cases returns every case of the suite.
func Cases() []Case {
	return slices.Concat(
		startCases(), errorCases(), cancelCases(), boundCases(), closeCases(),
		staticCases(), specialCases(), hostsCases(), cacheCases(), coalesceCases(),
		decoratorCases(), limitCases(), fallbackCases(), raceCases(), hedgeCases(), filterCases(), observeCases(), laneCases(), adaptiveCases(),
		hostCases(), searchCases(), sourceCases(), waitCases(),
		matchCases(), serverErrorCases(), streamCases(), wireLimitCases(),
		cookieCases(), recordCases(),
		familyCases(),
	)
}
