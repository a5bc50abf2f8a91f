package stub

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestALookupIsOneQuery(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	r := w.lookup("one.example")
	r.good(t)
	require.Equal(t, rtt, r.at)
	require.Len(t, w.sent, 1)
	require.Equal(t, addr(1), r.answer.Server)
	require.Equal(t, w.core.wall().Add(time.Minute), r.answer.Expires)
	w.idle()
}

func TestARetransmissionLeavesFromAnotherLinkWithAnotherID(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	lost := 0
	w.serve[addr(1)] = func(q arrival) []packet {
		if lost++; lost == 1 {
			return nil
		}
		return w.answers(q)
	}
	r := w.lookup("lost.example")
	r.good(t)
	require.LessOrEqual(t, r.at, rtoFirst+rtoFirst/4+rtt)
	require.Len(t, w.sent, 2)
	require.NotEqual(t, w.sent[0].id, w.sent[1].id)
	require.NotSame(t, w.sent[0].link, w.sent[1].link)
	w.idle()
}

func TestALateReplyStillCounts(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if len(w.sent) == 1 {
			return []packet{{600 * time.Millisecond, q.link, reply(q, nil)}}
		}
		return nil
	}
	r := w.lookup("late.example")
	r.good(t)
	require.Equal(t, 600*time.Millisecond, r.at)
	w.idle()
}

func TestADeadServerIsAskedAfterTheOthers(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	w.serve[addr(1)] = silence
	slow := 0
	for i := range 1000 {
		begin := w.now
		r := w.lookup(fmt.Sprintf("n%d.example", i))
		r.good(t)
		if r.at-begin > 3*rtt {
			slow++
		}
	}
	require.Equal(t, 1, slow)
	// The probes are copies of queries, one per interval.
	probes := w.core.Servers()[0].Probes
	require.LessOrEqual(t, probes, uint64(w.now/probeInterval)+1)
	require.NotZero(t, probes)

	// It recovers with the next probe.
	w.serve[addr(1)] = w.answers
	w.settle(probeInterval)
	w.lookup("probe.example").good(t)
	w.settle(rtt)
	require.False(t, w.core.Servers()[0].Down)
	require.Equal(t, addr(1), w.lookup("again.example").answer.Server)
	w.idle()
}

func TestAllServersAreDead(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	w.serve[addr(1)], w.serve[addr(2)] = silence, silence
	r := w.lookup("dead.example")
	require.ErrorIs(t, r.err, resolve.ErrTimeout)
	require.Equal(t, DefaultTimeout, r.at)
	require.LessOrEqual(t, len(w.sent), 2*(udpRounds+1), "three datagrams and one stream per server")
	require.GreaterOrEqual(t, len(w.sent), 2*2)
	w.idle()
	w.settle(time.Minute)
	require.Empty(t, w.open)
}

func TestAnErrorOfOneServerAsksTheNext(t *testing.T) {
	for _, code := range []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused, 9} {
		w := newNetwork(t, 2, Options{})
		w.serve[addr(1)] = func(q arrival) []packet { return []packet{{rtt, q.link, rcode(code)(q)}} }
		r := w.lookup("error.example")
		r.good(t)
		require.Equal(t, 2*rtt, r.at)
		require.Len(t, w.sent, 2)
		w.idle()
	}
}

func TestAnErrorOfAllServers(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	fails := func(q arrival) []packet { return []packet{{rtt, q.link, rcode(dnsmessage.RCodeServerFailure)(q)}} }
	w.serve[addr(1)], w.serve[addr(2)] = fails, fails
	r := w.lookup("fails.example")
	require.ErrorIs(t, r.err, resolve.ErrServFail)
	require.Len(t, w.sent, 2)
	var e *resolve.Error
	require.ErrorAs(t, r.err, &e)
	require.Equal(t, resolve.RCodeServerFailure, e.RCode)
	require.Equal(t, addr(2).String(), e.Server)
	w.idle()
}

func TestServersWithoutEDNS(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.edns {
			return []packet{{rtt, q.link, rcode(dnsmessage.RCodeFormatError)(q)}}
		}
		return w.answers(q)
	}
	w.lookup("one.example").good(t)
	require.Len(t, w.sent, 2)
	w.lookup("two.example").good(t)
	require.Len(t, w.sent, 3, "the server is remembered")
	w.settle(plainLifetime)
	w.lookup("three.example").good(t)
	require.True(t, w.sent[3].edns, "it may have learnt EDNS")
	w.idle()
}

func TestAServerThatDropsEDNS(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.edns {
			return nil
		}
		return w.answers(q)
	}
	w.lookup("one.example").good(t)
	begin := w.now
	r := w.lookup("two.example")
	r.good(t)
	require.Equal(t, rtt, r.at-begin)
	w.idle()
}

func TestATruncatedReplyIsFetchedOverAStream(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			return w.answers(q)
		}
		return []packet{{rtt, q.link, reply(q, func(m *dnsmessage.Message) { m.Truncated, m.Answers = true, nil })}}
	}
	r := w.lookup("big.example")
	r.good(t)
	require.Equal(t, resolve.OriginTCP, r.answer.Origin)
	require.Equal(t, 2*rtt, r.at)
	w.idle()
}

// TestABusyServerResetsStreams replies to datagrams long after the last one was sent.
func TestABusyServerResetsStreams(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	const busy = 4 * time.Second
	streams := 0
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			streams++
			w.at(w.now+rtt, func() {
				w.core.Failed(q.link, syscall.ECONNRESET, w.now)
				w.act()
			})
			return nil
		}
		return []packet{{busy, q.link, reply(q, nil)}}
	}
	r := w.lookup("busy.example")
	r.good(t)
	require.Equal(t, busy, r.at)
	require.Equal(t, 1, streams)
	w.idle()
	// Without a reply, the error is that of the stream.
	w = newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			w.at(w.now, func() {
				w.core.Failed(q.link, syscall.ECONNRESET, w.now)
				w.act()
			})
		}
		return nil
	}
	r = w.lookup("silent.example")
	require.ErrorIs(t, r.err, syscall.ECONNRESET)
	w.idle()
}

// TestAReplyThatNoMessageHolds sets TC over a stream too, as BIND does for more than 65,535 bytes.
func TestAReplyThatNoMessageHolds(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		return []packet{{rtt, q.link, reply(q, func(m *dnsmessage.Message) { m.Truncated, m.Answers = true, nil })}}
	}
	r := w.lookup("huge.example")
	require.ErrorIs(t, r.err, resolve.ErrServFail)
	require.NotErrorIs(t, r.err, resolve.ErrNoData)
	w.idle()
}

func TestAllServersRefuse(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	refused := func(q arrival) []packet {
		w.at(w.now, func() {
			if q.stream {
				w.core.Failed(q.link, syscall.ECONNREFUSED, w.now)
			} else {
				w.core.Refused(q.link, syscall.ECONNREFUSED, w.now)
			}
			w.act()
		})
		return nil
	}
	w.serve[addr(1)], w.serve[addr(2)] = refused, refused
	r := w.lookup("refused.example")
	require.ErrorIs(t, r.err, resolve.ErrServFail)
	require.ErrorIs(t, r.err, syscall.ECONNREFUSED)
	require.Zero(t, r.at, "no timer is waited for")
	w.idle()
}

func TestNoLinkCanBeOpened(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.refuse[addr(1)] = syscall.EMFILE
	r := w.lookup("handles.example")
	require.ErrorIs(t, r.err, syscall.EMFILE)
	require.ErrorIs(t, r.err, resolve.ErrServFail)
	w.idle()
	// With one link open, lookups continue on it.
	delete(w.refuse, addr(1))
	w.settle(time.Second)
	w.lookup("one.example").good(t)
	w.refuse[addr(1)] = syscall.EMFILE
	for i := range 20 {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
	}
	w.idle()
}

func TestTheLastLinkStaysIfNoOtherCanBeOpened(t *testing.T) {
	for _, why := range []string{"silent", "used up", "old"} {
		o := Options{}
		if why == "used up" {
			o.LinkQueries = 10
		}
		w := newNetwork(t, 1, o)
		w.lookup("one.example").good(t)
		w.refuse[addr(1)] = syscall.EMFILE
		lose := 0
		w.serve[addr(1)] = func(q arrival) []packet {
			if lose--; lose == 0 {
				return nil
			}
			return w.answers(q)
		}
		for i := range 40 {
			if lose < 0 && why == "silent" && i%10 == 0 {
				lose = 1
			}
			if why == "old" {
				w.settle(DefaultLinkAge / 15)
			}
			w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
		}
		require.Len(t, w.open, 1)
		// Afterwards it is replaced.
		delete(w.refuse, addr(1))
		old := w.sent[len(w.sent)-1].link
		for i := range 20 {
			w.settle(openPause)
			w.lookup(fmt.Sprintf("later%d.example", i)).good(t)
		}
		if why != "silent" {
			require.NotContains(t, w.open, old)
		}
		w.idle()
		w.settle(time.Minute)
		require.Empty(t, w.open)
	}
}

func TestHalfOfTheDatagramsAreLost(t *testing.T) {
	for _, servers := range []int{1, 2, 3} {
		w := newNetwork(t, servers, Options{Seed: [32]byte{3}})
		lossy := func(q arrival) []packet {
			if !q.stream && w.rng.IntN(2) == 0 {
				return nil
			}
			replies := w.answers(q)
			if !q.stream && w.rng.IntN(2) == 0 {
				return nil
			}
			return replies
		}
		for a := range w.serve {
			w.serve[a] = lossy
		}
		const n = 2000
		for i := range n {
			w.start(fmt.Sprintf("n%d.example", i))
			w.settle(time.Millisecond)
		}
		w.settle(DefaultTimeout)
		good := 0
		for _, r := range w.results {
			require.Equal(t, 1, r.n)
			if r.err == nil {
				good++
			}
		}
		require.GreaterOrEqual(t, good, n-n/1000)
		w.idle()
	}
}

func TestManyLookupsShareFewLinks(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet { return []packet{{100 * time.Millisecond, q.link, reply(q, nil)}} }
	const n = 12_000
	for i := range n {
		w.start(fmt.Sprintf("n%d.example", i))
	}
	w.run(func() bool { s := w.core.Stats(); return s.InFlight+s.Waiting == 0 })
	for _, r := range w.results {
		r.good(t)
	}
	require.LessOrEqual(t, w.most, DefaultMaxLinks)
	s := w.core.Stats()
	require.Equal(t, uint64(n), s.Sent, "no query is repeated")
	w.idle()
}

func TestCanceledLookupsLeaveNothing(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = silence
	var all []*resolve.Query
	for i := range 3000 {
		all = append(all, w.start(fmt.Sprintf("n%d.example", i)))
	}
	w.settle(50 * time.Millisecond)
	for _, q := range all {
		q.Cancel()
		w.core.Cancel(q, w.now)
	}
	w.act()
	s := w.core.Stats()
	require.Zero(t, s.InFlight)
	w.core.Tick(w.now)
	require.Zero(t, w.core.Stats().Waiting)
	require.Empty(t, w.core.timers.nodes)
}

func TestAChainWithoutItsEndIsFollowed(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.question.Name.String() == "target.example." {
			return w.answers(q)
		}
		return []packet{{rtt, q.link, reply(q, func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.question.Name, Class: dnsmessage.ClassINET, TTL: 5},
				Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("target.example.")}}}
		})}}
	}
	r := w.lookup("alias.example")
	r.good(t)
	require.Equal(t, "target.example", r.answer.Canonical.String())
	require.Equal(t, "alias.example", r.answer.Question.Name.String())
	require.Equal(t, w.core.wall().Add(5*time.Second-rtt), r.answer.Expires)
	w.idle()
}

func TestServersAreReplaced(t *testing.T) {
	w := newNetwork(t, 2, Options{})
	q := w.start("old.example")
	w.core.SetServers([]Server{{Addr: addr(2)}}, w.now)
	w.wait(q).good(t)
	r := w.lookup("new.example")
	r.good(t)
	require.Equal(t, addr(2), r.answer.Server)
	w.core.SetServers(nil, w.now)
	require.ErrorIs(t, w.lookup("none.example").err, resolve.ErrServFail)
	w.settle(time.Minute)
	require.Empty(t, w.open)
	require.Empty(t, w.core.all)
	w.idle()
}

func TestLinksAreShortLived(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	uses := map[*Link]int{}
	first := map[*Link]time.Duration{}
	for i := range 8_000 {
		w.lookup(fmt.Sprintf("n%d.example", i)).good(t)
	}
	ids := map[*Link]map[uint16]bool{}
	for _, q := range w.sent {
		uses[q.link]++
		if _, ok := first[q.link]; !ok {
			first[q.link] = q.at
		}
		require.LessOrEqual(t, uses[q.link], DefaultLinkQueries)
		require.Less(t, q.at-first[q.link], DefaultLinkAge)
		if ids[q.link] == nil {
			ids[q.link] = map[uint16]bool{}
		}
		require.False(t, ids[q.link][q.id], "an ID is used once per link")
		ids[q.link][q.id] = true
	}
	require.LessOrEqual(t, w.most, DefaultSpread)
	// After a pause, no port is known.
	known := len(uses)
	w.settle(2 * DefaultLinkIdle)
	w.lookup("later.example").good(t)
	require.Zero(t, uses[w.sent[len(w.sent)-1].link])
	require.NotZero(t, known)
	w.idle()
}

func TestAServerWithoutStreamsIsSlow(t *testing.T) {
	w := newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			w.at(w.now, func() {
				w.core.Failed(q.link, syscall.ECONNREFUSED, w.now)
				w.act()
			})
			return nil
		}
		return []packet{{4 * time.Second, q.link, reply(q, nil)}}
	}
	r := w.lookup("slow.example")
	r.good(t)
	require.Equal(t, 4*time.Second, r.at)
	w.idle()

	w = newNetwork(t, 1, Options{})
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.stream {
			w.at(w.now, func() {
				w.core.Failed(q.link, syscall.ECONNREFUSED, w.now)
				w.act()
			})
		}
		return nil
	}
	r = w.lookup("silent.example")
	require.ErrorIs(t, r.err, resolve.ErrTimeout)
	require.ErrorIs(t, r.err, syscall.ECONNREFUSED)
}
