package resolvetest

import (
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

// recoded lets the resolver take one response code for another.
func recoded(to dnsmessage.RCode, from ...dnsmessage.RCode) func(o *WireOptions) {
	return onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
		if slices.Contains(from, m.RCode) {
			m.RCode = to
		}
		return true
	})
}

func isAddress(r dnsmessage.Resource) bool {
	return r.Header.Type == dnsmessage.TypeA || r.Header.Type == dnsmessage.TypeAAAA
}

func hasType(rs []dnsmessage.Resource, typ dnsmessage.Type) bool {
	return slices.ContainsFunc(rs, func(r dnsmessage.Resource) bool { return r.Header.Type == typ })
}

func serverErrorMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("name-errors-are-failures", recoded(dnsmessage.RCodeServerFailure, dnsmessage.RCodeNameError), "wire/name-error"),
		wireMutant("wire-no-data-is-not-found", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			if m.RCode == 0 && !slices.ContainsFunc(m.Answers, isAddress) {
				m.RCode = dnsmessage.RCodeNameError
			}
			return true
		}), "wire/no-data"),
		wireMutant("lame-is-no-data", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.RecursionAvailable, m.Authorities = true, nil
			return true
		}), "wire/lame"),
		wireMutant("errors-are-final", recoded(dnsmessage.RCodeNameError, dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused, rcodeYXDomain), "wire/next-server"),
		wireMutant("no-reasons", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Additionals = nil
			return true
		}), "wire/all-fail"),
		wireMutant("always-edns", onQueries(func(m *dnsmessage.Message) { m.Additionals = []dnsmessage.Resource{optRecord(0)} }), "wire/without-edns"),
		wireMutant("first-opt-counts", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Additionals = m.Additionals[:min(len(m.Additionals), 1)]
			return true
		}), "wire/two-opts"),
		wireMutant("opt-belongs-to-additionals", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			return !hasType(m.Answers, dnsmessage.TypeOPT)
		}), "wire/opt-in-answer"),
		wireMutant("waits-an-hour", func(o *WireOptions) { o.Timeout = time.Hour }, "wire/timeout"),
		wireMutant("deaf-to-the-kernel", meddle(func() *meddling {
			return &meddling{ended: func(_ *meddler, err error) error {
				if errors.Is(err, net.ErrClosed) {
					return err
				}
				return nil
			}, dial: func(_ string, conn net.Conn, err error) (net.Conn, error) {
				if err != nil {
					return newUnread(), nil
				}
				return conn, nil
			}}
		}), "wire/unreachable"),
		wireMutant("refused-is-the-end", meddle(func() *meddling {
			var mu sync.Mutex
			refused := false
			return &meddling{ended: func(_ *meddler, err error) error {
				mu.Lock()
				defer mu.Unlock()
				refused = true
				return err
			}, reply: func(_ *meddler, m []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				if refused {
					return nil
				}
				return m
			}}
		}), "wire/refused-is-a-hint"),
		wireMutant("gives-up-what-was-not-sent", meddle(func() *meddling {
			var mu sync.Mutex
			given := false
			return &meddling{ended: func(_ *meddler, err error) error {
				mu.Lock()
				defer mu.Unlock()
				given = given || errors.Is(err, syscall.ENOBUFS)
				return err
			}, query: func(_ *meddler, m []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				if given {
					return nil
				}
				return m
			}}
		}), "wire/send-fails"),
	}
}

// cookieIn returns the cookie of a message, or nil.
func cookieIn(m *dnsmessage.Message) []byte { return (&arrival{Message: *m}).cookie() }

func cookieMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("no-cookies", onQueries(func(m *dnsmessage.Message) {
			if m.Additionals != nil {
				withOPT()(m)
			}
		}), "wire/cookie"),
		wireMutant("bad-cookies-are-failures", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			for i := range m.Additionals {
				if h := &m.Additionals[i].Header; h.ExtendedRCode(m.RCode) == rcodeBadCookie {
					m.RCode, m.Additionals = dnsmessage.RCodeServerFailure, []dnsmessage.Resource{optRecord(0, m.Additionals[i].Body.(*dnsmessage.OPTResource).Options...)}
				}
			}
			return true
		}), "wire/bad-cookie"),
		wireMutant("missing-cookies-are-fine", meddle(func() *meddling {
			var mu sync.Mutex
			var known []byte
			return &meddling{reply: func(_ *meddler, b []byte) []byte {
				var m dnsmessage.Message
				if m.Unpack(b) != nil {
					return b
				}
				mu.Lock()
				defer mu.Unlock()
				if c := cookieIn(&m); c != nil {
					known = c
				} else if known != nil {
					withCookie(known)(&m)
				}
				return packed(m)
			}}
		}), "wire/cookie-missing"),
		wireMutant("any-cookie", onReplies(func(c *meddler, m *dnsmessage.Message) bool {
			if query := c.to(packed(*m)); query != nil && cookieIn(m) != nil {
				q := &arrival{raw: query}
				_ = q.parse()
				baked(q, 1)(m)
			}
			return true
		}), "wire/cookie-other"),
	}
}

// asEnds lets the resolver take the end of a stream for the reply to all its queries.
func asEnds(reply func(query []byte) []byte) func(o *WireOptions) {
	return meddle(func() *meddling {
		return &meddling{ended: func(c *meddler, err error) error {
			if !c.stream {
				return err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, q := range c.sent {
				c.in = append(c.in, framed(reply(q))...)
			}
			c.sent = nil
			if len(c.in) == 0 {
				return err
			}
			return nil
		}}
	})
}

func streamMutants() []suite.Mutant[Fixture] {
	return []suite.Mutant[Fixture]{
		wireMutant("truncation-is-hidden", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Truncated = false
			return true
		}), "wire/truncated"),
		wireMutant("large-datagrams-are-cut", onDatagrams(func(_ *meddler, b []byte) []byte {
			var m dnsmessage.Message
			if len(b) <= 1232 || m.Unpack(b) != nil {
				return b
			}
			m.Answers = m.Answers[:min(len(m.Answers), 60)]
			return packed(m)
		}), "wire/oversize"),
		wireMutant("truncated-is-no-data", onReplies(func(_ *meddler, m *dnsmessage.Message) bool {
			m.Truncated = m.Truncated && len(m.Answers) > 0
			return true
		}), "wire/truncated-refused"),
		wireMutant("truncated-streams-are-failures", onStreams(func(c *meddler, b []byte) []byte {
			var m dnsmessage.Message
			if m.Unpack(b) == nil && m.Truncated {
				return made(c.last(), rcode(dnsmessage.RCodeServerFailure))
			}
			return b
		}), "wire/truncated-stream"),
		wireMutant("streams-in-one-piece", meddle(func() *meddling {
			return &meddling{dial: func(network string, conn net.Conn, err error) (net.Conn, error) {
				if network != "tcp" || err != nil {
					return conn, err
				}
				return &onePiece{Conn: conn}, nil
			}}
		}), "wire/split"),
		wireMutant("one-query-per-stream", meddle(func() *meddling {
			return &meddling{query: func(c *meddler, m []byte) []byte {
				c.mu.Lock()
				defer c.mu.Unlock()
				if c.stream && len(c.sent) > 1 {
					return nil
				}
				return m
			}}
		}), "wire/pipelined"),
		wireMutant("ends-are-failures", asEnds(func(q []byte) []byte { return made(q, rcode(dnsmessage.RCodeServerFailure)) }), "wire/reset"),
		wireMutant("ends-are-name-errors", asEnds(func(q []byte) []byte { return made(q, rcode(dnsmessage.RCodeNameError)) }), "wire/end-after-accept"),
		wireMutant("ends-void-replies", meddle(func() *meddling {
			return &meddling{reply: func(c *meddler, m []byte) []byte {
				if c.stream && nameIn(m) == nameOf("one.example") {
					_, err := c.Conn.Read(make([]byte, 1)) // the case ends the stream after the reply
					if err != nil {
						return made(c.last(), rcode(dnsmessage.RCodeServerFailure))
					}
				}
				return m
			}}
		}), "wire/reply-then-end"),
		wireMutant("short-messages-are-name-errors", onStreams(func(c *meddler, m []byte) []byte {
			if len(m) < 12 {
				return made(c.last(), rcode(dnsmessage.RCodeNameError))
			}
			return m
		}), "wire/bad-length"),
		wireMutant("streams-match-anything", onStreams(func(c *meddler, b []byte) []byte {
			var m dnsmessage.Message
			if m.Unpack(b) == nil && c.last() != nil {
				believe(&m, c.last())
				return packed(m)
			}
			return b
		}), "wire/unsolicited"),
		wireMutant("small-messages", onStreams(func(c *meddler, m []byte) []byte {
			if len(m) > 1<<14 {
				return made(c.last(), rcode(dnsmessage.RCodeServerFailure))
			}
			return m
		}), "wire/largest"),
		wireMutant("one-stream-per-server", meddle(func() *meddling {
			var mu sync.Mutex
			n := 0
			return &meddling{dial: func(network string, conn net.Conn, err error) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				if network != "tcp" || err != nil {
					return conn, err
				}
				if n++; n > 1 {
					return nil, errors.Join(syscall.ECONNREFUSED, conn.Close())
				}
				return conn, nil
			}}
		}), "wire/stalled"),
		wireMutant("datagrams-first", func(o *WireOptions) { o.Streams = false }, "wire/streams-only"),
		wireMutant("length-first", meddle(func() *meddling {
			return &meddling{dial: func(network string, conn net.Conn, err error) (net.Conn, error) {
				if network != "tcp" || err != nil {
					return conn, err
				}
				return &lengthFirst{Conn: conn}, nil
			}}
		}), "wire/one-write"),
	}
}

// nameOf returns a name as nameIn returns it.
func nameOf(text string) string {
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsName(text + ".")}}}
	return nameIn(packed(m))
}

// onePiece is a stream that ends unless all of a message is there at once, which never is.
type onePiece struct{ net.Conn }

func (o *onePiece) Read(b []byte) (int, error) {
	if _, err := o.Conn.Read(b[:1]); err != nil {
		return 0, err
	}
	return 0, net.ErrClosed
}

// lengthFirst writes the first two bytes on their own.
type lengthFirst struct{ net.Conn }

func (l *lengthFirst) Write(b []byte) (int, error) {
	n, err := l.Conn.Write(b[:2])
	if err != nil {
		return n, err
	}
	m, err := l.Conn.Write(b[2:])
	return n + m, err
}
