package resolvetest

import (
	"net"
	"slices"
	"sync"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
	"golang.org/x/net/dns/dnsmessage"
)

func recordMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("any-owner", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			for i := range m.Answers {
				if len(m.Questions) > 0 {
					m.Answers[i].Header.Name = m.Questions[0].Name
				}
			}
			return true
		}), "wire/unrelated-owner"),
		wireMutant("any-section", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Answers = slices.DeleteFunc(slices.Concat(m.Answers, m.Authorities, m.Additionals), func(r dnsmessage.Resource) bool { return !isAddress(r) })
			return true
		}), "wire/other-sections"),
		wireMutant("aliases-in-order", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			if hasType(m.Answers, dnsmessage.TypeCNAME) && isAddress(m.Answers[0]) {
				m.Answers = m.Answers[1:]
			}
			return true
		}), "wire/alias-order"),
		wireMutant("loops-are-no-data", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			if hasType(m.Answers, dnsmessage.TypeCNAME) {
				m.Answers = nil
			}
			return true
		}), "wire/alias-loop"),
		wireMutant("aliases-are-the-end", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			if !slices.ContainsFunc(m.Answers, isAddress) {
				m.Answers = nil
			}
			return true
		}), "wire/alias-followed"),
		wireMutant("no-dname", onReplies(func(_ *meddler, m *dnsmessage.Message) bool { return !hasType(m.Answers, 39) }), "wire/dname"),
		wireMutant("knows-every-type", onReplies(func(_ *meddler, m *dnsmessage.Message) bool { return !hasType(m.Answers, 65280) }), "wire/unknown-records"),
		wireMutant("any-name-is-a-host-name", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			for _, r := range m.Answers {
				if ptr, ok := r.Body.(*dnsmessage.PTRResource); ok {
					ptr.PTR = dnsName("script.example.")
				}
			}
			return true
		}), "wire/bad-names"),
		wireMutant("believes-counts", onDatagrams(func(c *meddler, m []byte) []byte {
			if query := c.to(m); query != nil && len(m) > 7 && m[6] == 0xff {
				m[6], m[7] = 0, 1
			}
			return m
		}), "wire/counts-lie"),
		wireMutant("addresses-of-any-length", onDatagrams(func(_ *meddler, b []byte) []byte {
			var m dnsmessage.Message
			if m.Unpack(b) != nil { // which reads an address of any length
				return b
			}
			return packed(m)
		}), "wire/bad-lengths"),
		wireMutant("no-mapped-addresses", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Answers = slices.DeleteFunc(m.Answers, func(r dnsmessage.Resource) bool {
				a, ok := r.Body.(*dnsmessage.AAAAResource)
				return ok && a.AAAA[10] == 0xff
			})
			return true
		}), "wire/mapped"),
	}
}

func familyMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("families-wait-for-each-other", meddle(func() *meddling {
			var mu sync.Mutex
			answered := map[dnsmessage.Type]bool{}
			return &meddling{reply: func(_ *meddler, b []byte) []byte {
				var m dnsmessage.Message
				if m.Unpack(b) != nil || len(m.Questions) != 1 {
					return b
				}
				mu.Lock()
				defer mu.Unlock()
				if answered[m.Questions[0].Type] = true; len(answered) < 2 {
					return nil // a retransmission gets it
				}
				return b
			}}
		}), "wire/one-family-late"),
		wireMutant("no-data-is-silence", onReplies(func(_ *meddler, m *dnsmessage.Message) bool { return len(m.Answers) > 0 }), "wire/one-family-fails"),
		wireMutantAround("lost-families-void-the-host", nil, func(b resolve.Strategy) resolve.Strategy {
			return relay(b, func(q resolve.Question, a resolve.Answer, err error) (resolve.Answer, error) {
				if q.Type == resolve.TypeA {
					a, err = resolve.Answer{}, &resolve.Error{Op: "mutant", Question: q, Err: resolve.ErrServFail}
				}
				return a, err
			})
		}, "wire/one-family-never"),
	}
}

func wireLimitMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutantAround("wire-goroutines-stay", nil, func(b resolve.Strategy) resolve.Strategy {
			return &broken{Strategy: b, wait: func() { select {} }}
		}, "wire/close-idle"),
		wireMutant("without-handles-nothing-happens", meddle(func() *meddling {
			return &meddling{dial: func(_ string, conn net.Conn, err error) (net.Conn, error) {
				if err != nil {
					return newUnread(), nil
				}
				return conn, nil
			}}
		}), "wire/handles"),
		wireMutant("without-bound", func(o *WireOptions) { o.MaxInFlight = 0 }, "wire/in-flight"),
		wireMutant("without-budget", meddle(func() *meddling {
			return &meddling{query: func(c *meddler, m []byte) []byte {
				for range wireMax {
					if !c.stream {
						_, _ = c.Conn.Write(m)
					}
				}
				return m
			}}
		}), "wire/budget"),
	}
}
