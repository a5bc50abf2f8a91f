package stub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// optionCookie is the code of the option COOKIE (RFC 7873, section 4).
const optionCookie = 10

// withCookie returns the reply to q with the cookie of the client and one of the server.
func withCookie(q arrival) []byte {
	var query dnsmessage.Message
	if err := query.Unpack(q.raw); err != nil {
		panic(err)
	}
	var client []byte
	for _, r := range query.Additionals {
		if opt, ok := r.Body.(*dnsmessage.OPTResource); ok {
			for _, o := range opt.Options {
				if o.Code == optionCookie {
					client = o.Data[:8]
				}
			}
		}
	}
	return reply(q, func(m *dnsmessage.Message) {
		m.Additionals[0].Body = &dnsmessage.OPTResource{Options: []dnsmessage.Option{{Code: optionCookie, Data: append(client, "SERVER01"...)}}}
	})
}

// forwarder sends the cookie of another server with its first reply, and then answers from its
// cache. streams says what it does over streams.
func forwarder(w *network, streams func(arrival) []packet) func(arrival) []packet {
	replies := 0
	return func(q arrival) []packet {
		if q.stream {
			return streams(q)
		}
		if replies++; replies == 1 {
			return []packet{{rtt, q.link, withCookie(q)}}
		}
		return w.answers(q)
	}
}

func TestAForwarderPassesCookiesOfOthers(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = forwarder(w, w.answers)
	w.lookup("forwarded.example").good(t)
	require.True(t, w.core.Servers()[0].Cookie)
	r := w.lookup("cached.example")
	r.good(t)
	require.Equal(t, resolve.OriginTCP, r.answer.Origin, "the datagram may be forged")
	for range 10 {
		r = w.lookup("cached.example")
		r.good(t)
		require.Equal(t, resolve.OriginUDP, r.answer.Origin)
	}
	require.EqualValues(t, 1, w.core.Stats().BadCookie)
	w.settle(cookielessLifetime)
	r = w.lookup("cached.example")
	r.good(t)
	require.Equal(t, resolve.OriginTCP, r.answer.Origin, "the belief ends")
	w.idle()
}

func TestAForwarderWithoutStreamsPassesCookiesOfOthers(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = forwarder(w, silence)
	w.lookup("forwarded.example").good(t)
	begin := w.now
	w.lookup("cached.example").good(t)
	require.Less(t, w.now-begin, time.Second, "the second datagram without a cookie is believed")
	begin = w.now
	w.lookup("cached.example").good(t)
	require.Equal(t, rtt, w.now-begin)
	w.idle()
}

// TestAForgedReplyWithoutCookie repeats a datagram with a guessed ID. The server's own reply comes
// later.
func TestAForgedReplyWithoutCookie(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			return nil
		}
		forged := reply(q, func(m *dnsmessage.Message) {
			m.Answers[0].Body = &dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}}
		})
		good := packet{rtt, q.link, withCookie(q)}
		if len(w.sent) == 1 {
			return []packet{good}
		}
		return []packet{{1, q.link, forged}, {2, q.link, forged}, {3, q.link, forged}, good}
	}
	w.lookup("one.example").good(t)
	w.lookup("two.example").good(t)
	require.EqualValues(t, 3, w.core.Stats().BadCookie)
	w.idle()
}
