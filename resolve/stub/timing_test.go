package stub

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// after returns a server that answers after d.
func after(d time.Duration) func(q arrival) []packet {
	return func(q arrival) []packet { return []packet{{d, q.link, reply(q, nil)}} }
}

func TestASlowServerIsNotAskedTwice(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = after(300 * time.Millisecond)
	const n = 200
	for i := range n {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
	}
	require.Len(t, w.sent, n)
	w.idle()
}

func TestAServerThatBecomesSlow(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = after(5 * time.Millisecond)
	for i := range 50 {
		w.lookup(fmt.Sprintf("fast%d.example", i)).good(t)
	}
	w.serve[addr(1)] = after(800 * time.Millisecond)
	for i := range 50 {
		before := len(w.sent)
		r := w.lookup(fmt.Sprintf("slow%d.example", i))
		r.good(t)
		tries := len(w.sent) - before
		require.LessOrEqual(t, tries, udpRounds+1)
		if i > 5 {
			require.Equal(t, 1, tries, "the timeout follows the round-trip time")
		}
	}
	w.idle()
}

func TestAServerThatRecoversIsFoundByItsProbe(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	w.serve[addr(1)], w.serve[addr(2)] = silence, silence
	for i := range 5 {
		require.ErrorIs(t, w.lookup(fmt.Sprintf("dead%d.example", i)).err, resolve.ErrTimeout)
	}
	w.serve[addr(2)] = w.answers
	back := w.now
	for i := range 10 {
		r := w.lookup(fmt.Sprintf("n%d.example", i))
		r.good(t)
		if r.at-back > probeInterval {
			require.Equal(t, addr(2), r.answer.Server)
		}
	}
	begin := w.now
	w.lookup("again.example").good(t)
	require.Equal(t, rtt, w.now-begin)
	w.idle()
}

func TestAServerThatDropsOneType(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.question.Type == dnsmessage.TypeAAAA {
			return nil
		}
		return w.answers(q)
	}
	for i := range 20 {
		name := fmt.Sprintf("n%d.example", i)
		q := w.query(name)
		q.Question.Type = resolve.TypeAAAA
		w.core.Start(q, w.now)
		w.act()
		begin := w.now
		r := w.lookup(name)
		r.good(t)
		require.Equal(t, rtt, r.at-begin)
		require.ErrorIs(t, w.wait(q).err, resolve.ErrTimeout)
	}
	w.idle()
}

func TestRotationIsEven(t *testing.T) {
	w := newNetwork(t, 3, Options{Rotate: true})
	const n = 300
	for i := range n {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
	}
	for i := range 3 {
		require.Equal(t, uint64(n/3), w.core.Servers()[i].Sent)
	}
	// A dead server is passed over in order.
	w.serve[addr(1)] = silence
	w.core.turn = 0
	w.lookup("dead.example").good(t)
	require.Equal(t, addr(2), w.sent[len(w.sent)-1].link.Addr())
	w.idle()
}

func TestServersThatRefuseAtOnceAreAskedABoundedNumberOfTimes(t *testing.T) {
	w := newNetwork(t, MaxServers, Options{})
	for i := range MaxServers {
		w.serve[addr(i+1)] = func(q arrival) []packet {
			return []packet{{0, q.link, rcode(dnsmessage.RCodeFormatError)(q)}, {0, q.link, rcode(dnsmessage.RCodeRefused)(q)}}
		}
	}
	require.ErrorIs(t, w.lookup("refused.example").err, resolve.ErrServFail)
	require.LessOrEqual(t, len(w.sent), MaxWire)
	w.idle()
}

func TestImpatientLookupsNoticeADeadServer(t *testing.T) {
	for _, canceled := range []bool{false, true} {
		o := Options{Timeout: rtoFirst / 2}
		if canceled {
			o.Timeout = 0
		}
		w := newNetwork(t, 2, o)
		w.serve[addr(1)] = silence
		q := w.start("one.example")
		if canceled {
			w.settle(rtoFirst / 2)
			q.Cancel()
			w.core.Cancel(q, w.now)
			w.act()
		} else {
			require.ErrorIs(t, w.wait(q).err, resolve.ErrTimeout)
		}
		begin := w.now
		w.lookup("two.example").good(t)
		require.Equal(t, rtt, w.now-begin)

		// One that is canceled soon says nothing.
		w = newNetwork(t, 2, Options{})
		q = w.start("one.example")
		w.settle(rtt / 2)
		q.Cancel()
		w.core.Cancel(q, w.now)
		w.act()
		require.False(t, w.core.Servers()[0].Down)
	}
}

func TestImpatientLookupsReplaceASilentStream(t *testing.T) {
	w := newNetwork(t, 1, Options{Streams: true, Timeout: streamMin / 2})
	w.lookup("zero.example").good(t)
	dead := w.sent[0].link
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.link == dead {
			return nil
		}
		return w.answers(q)
	}
	require.ErrorIs(t, w.lookup("one.example").err, resolve.ErrTimeout)
	w.lookup("two.example").good(t)
	w.idle()
}

func TestALostCookieIsForgotten(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	cookies := true
	w.serve[addr(1)] = func(q arrival) []packet {
		return []packet{{rtt, q.link, reply(q, func(m *dnsmessage.Message) {
			if len(m.Additionals) > 0 && cookies {
				own := w.core.servers[0].clientCookie
				m.Additionals[0].Body = &dnsmessage.OPTResource{Options: []dnsmessage.Option{{Code: 10, Data: append(own[:], "of server"...)}}}
			}
		})}}
	}
	w.lookup("one.example").good(t)
	require.True(t, w.core.Servers()[0].Cookie)
	cookies = false
	r := w.lookup("two.example")
	r.good(t)
	require.Equal(t, resolve.OriginTCP, r.answer.Origin, "it could be forged")
	begin := w.now
	w.lookup("three.example").good(t)
	require.Equal(t, rtt, w.now-begin, "the stream has shown that the server sends none")
	w.idle()
}

func TestWaitingLookupsKeepTheirOrder(t *testing.T) {
	w := newNetwork(t, 1, Options{MaxLinks: 1, Window: 1})
	for i := range 50 {
		w.start(fmt.Sprintf("n%d.example", i))
	}
	w.run(func() bool { s := w.core.Stats(); return s.InFlight+s.Waiting == 0 })
	for i, q := range w.sent {
		require.Equal(t, fmt.Sprintf("n%d.example.", i), q.question.Name.String())
	}
	// What waits too long fails.
	w.serve[addr(1)] = silence
	first, last := w.start("one.example"), w.start("two.example")
	require.ErrorIs(t, w.wait(first).err, resolve.ErrTimeout)
	require.ErrorIs(t, w.wait(last).err, resolve.ErrTimeout)
	w.idle()
}

func TestSocketsWhosePathIsGone(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	for i := range 100 {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
	}
	dead := map[*Link]bool{}
	for l := range w.open {
		dead[l] = true
	}
	require.Len(t, dead, DefaultSpread)
	w.serve[addr(1)] = func(q arrival) []packet {
		if dead[q.link] {
			return nil
		}
		return w.answers(q)
	}
	begin := w.now
	r := w.lookup("gone.example")
	r.good(t)
	t.Logf("the first lookup took %v", r.at-begin)
	require.LessOrEqual(t, r.at-begin, rtoMin+rtoMin/4+rtt, "one timeout")
	w.idle()
}
