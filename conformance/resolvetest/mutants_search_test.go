package resolvetest

import (
	"errors"
	"strings"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// withSearch breaks a host with a search list.
func withSearch(f func(h *brokenHost, s resolve.Search)) func(*Fixture) {
	return func(p *Fixture) {
		p.Search = func(next resolve.Strategy, s resolve.Search) Resolver {
			h := &brokenHost{Host: &resolve.Host{Strategy: next, Search: func() resolve.Search { return s }}}
			f(h, s)
			return h
		}
	}
}

// searchTold breaks the host through its list.
func searchTold(change func(s *resolve.Search)) func(*Fixture) {
	return withSearch(func(h *brokenHost, s resolve.Search) {
		change(&s)
		h.Search = func() resolve.Search { return s }
	})
}

// searchBefore breaks the host through its query.
func searchBefore(before func(h *brokenHost, s resolve.Search, hq *resolve.HostQuery)) func(*Fixture) {
	return withSearch(func(h *brokenHost, s resolve.Search) {
		h.before = func(hq *resolve.HostQuery) { before(h, s, hq) }
	})
}

// onHostDone lets change alter the arguments of Done.
func onHostDone(change func(a resolve.HostAnswer, err error) (resolve.HostAnswer, error)) func(*Fixture) {
	return searchBefore(func(_ *brokenHost, _ resolve.Search, hq *resolve.HostQuery) {
		done := hq.Done
		hq.Done = func(a resolve.HostAnswer, err error) { done(change(a, err)) }
	})
}

func searchMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		mutant("search-as-musl-does", searchBefore(func(h *brokenHost, _ resolve.Search, hq *resolve.HostQuery) {
			if strings.Contains(hq.Name, ".") {
				h.Search = nil
			}
		}), "search/order"),
		mutant("search-asks-for-all", withSearch(func(h *brokenHost, _ resolve.Search) {
			h.Strategy = relay(h.Strategy, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if err == nil && q.Name.String() == "host.b.example" {
					return resolve.Answer{}, failure(q, resolve.ErrNotFound)
				}
				return a, err
			})
		}), "search/first-answer"),
		mutant("search-hides-the-absolute-name", onHostDone(func(a resolve.HostAnswer, err error) (resolve.HostAnswer, error) {
			a.Absolute = resolve.Name{}
			return a, err
		}), "search/absolute-name"),
		mutant("search-completes-absolute-names", searchBefore(func(_ *brokenHost, _ resolve.Search, hq *resolve.HostQuery) {
			hq.Name = strings.TrimSuffix(hq.Name, ".")
		}), "search/absolute"),
		mutant("search-mixes-names", withSearch(func(h *brokenHost, _ resolve.Search) {
			h.Strategy = relayCancel(h.Strategy, func(q *resolve.Question) {
				if q.Type == typeAAAA && q.Name.String() == "host.a.example" {
					*q = aaaa("host.b.example")
				}
			})
		}), "search/one-name"),
		mutant("search-forgets-no-data", onHostDone(func(a resolve.HostAnswer, err error) (resolve.HostAnswer, error) {
			if errors.Is(err, resolve.ErrNoData) {
				err = &resolve.Error{Op: "mutant", Err: resolve.ErrNotFound}
			}
			return a, err
		}), "search/no-data"),
		mutant("search-continues-after-failures", searchTold(func(s *resolve.Search) { s.Lax = true }), "search/strict"),
		mutant("search-is-never-lax", searchTold(func(s *resolve.Search) { s.Lax = false }), "search/lax"),
		mutant("search-ends-at-a-long-name", searchBefore(func(h *brokenHost, s resolve.Search, hq *resolve.HostQuery) {
			for i, suffix := range s.Suffixes {
				if len(hq.Name)+1+len(suffix.String()) > resolve.MaxNameBytes {
					s.Suffixes = s.Suffixes[:i]
					h.Search = func() resolve.Search { return s }
					return
				}
			}
		}), "search/too-long"),
		mutant("search-without-bound", searchBefore(func(h *brokenHost, s resolve.Search, hq *resolve.HostQuery) {
			if len(s.Suffixes) <= resolve.MaxSearchSuffixes {
				return
			}
			done := hq.Done
			hq.Done = func(resolve.HostAnswer, error) {
				rest := s
				rest.Suffixes = s.Suffixes[resolve.MaxSearchSuffixes:]
				h.Search = func() resolve.Search { return rest }
				h.Host.Start(&resolve.HostQuery{Name: hq.Name, Inbox: hq.Inbox, Done: done})
			}
		}), "search/bounded"),
		mutant("search-names-the-absolute-name", onHostDone(func(a resolve.HostAnswer, err error) (resolve.HostAnswer, error) {
			var e *resolve.Error
			if errors.As(err, &e) {
				err = &resolve.Error{Op: e.Op, Name: e.Name + ".b.example", Err: e.Err}
			}
			return a, err
		}), "search/names-the-host"),
		mutant("search-extends-the-deadline", searchBefore(func(_ *brokenHost, _ resolve.Search, hq *resolve.HostQuery) {
			if !hq.Deadline.IsZero() {
				hq.Deadline = hq.Deadline.Add(1)
			}
		}), "search/deadline"),
		mutant("search-asks-on", withSearch(func(h *brokenHost, _ resolve.Search) { h.Strategy = relay(h.Strategy, nil) }), "search/cancel"),
		mutant("search-tries-no-suffix", withSearch(func(h *brokenHost, _ resolve.Search) {
			h.try = (&resolve.Host{Strategy: h.Strategy}).Try
		}), "search/try"),
	}
}
