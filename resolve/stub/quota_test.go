package stub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// closesAfter answers that many queries on each stream, as dnsmasq does, and then closes it.
func closesAfter(w *network, quota int) func(arrival) []packet {
	sent := map[*Link]int{}
	return func(q arrival) []packet {
		if !q.stream {
			return []packet{{rtt, q.link, reply(q, func(m *dnsmessage.Message) { m.Truncated, m.Answers = true, nil })}}
		}
		switch sent[q.link]++; {
		case sent[q.link] <= quota:
			return w.answers(q)
		case sent[q.link] == quota+1:
			w.at(w.now+rtt, func() {
				w.core.Failed(q.link, nil, w.now)
				w.act()
			})
		}
		return nil
	}
}

func TestAServerClosesStreamsAfterSomeQueries(t *testing.T) {
	for _, o := range []Options{{Streams: true}, {}} {
		t.Run(fmt.Sprintf("streams only %v", o.Streams), func(t *testing.T) {
			const quota = 100
			lookups := extent(1200, 3000)
			w := newNetwork(t, 1, o)
			w.serve[addr(1)] = closesAfter(w, quota)
			for i := range lookups {
				w.start(fmt.Sprintf("n%d.example", i))
			}
			w.run(func() bool { return w.core.Stats().Finished == uint64(lookups) })
			for _, r := range w.results {
				r.good(t)
			}
			w.idle()
			// Once the quota is known, few queries are in vain.
			before := w.core.Stats().Sent
			for i := range lookups {
				w.start(fmt.Sprintf("m%d.example", i))
			}
			w.run(func() bool { return w.core.Stats().Finished == uint64(2*lookups) })
			for _, r := range w.results {
				r.good(t)
			}
			if o.Streams {
				require.Less(t, w.core.Stats().Sent-before, uint64(lookups*5/4))
			}
			w.idle()
		})
	}
}

// TestAStreamIsClosedWhileIdle closes a stream when a query is under way after a pause.
func TestAStreamIsClosedWhileIdle(t *testing.T) {
	w := newNetwork(t, 1, Options{Streams: true})
	w.lookup("one.example").good(t)
	w.serve[addr(1)] = func(q arrival) []packet {
		w.serve[addr(1)] = w.answers
		w.at(w.now, func() {
			w.core.Failed(q.link, nil, w.now)
			w.act()
		})
		return nil
	}
	w.settle(rtt)
	w.lookup("two.example").good(t)
	require.Zero(t, w.core.servers[0].quota, "the number of queries had nothing to do with it")
	w.idle()
}
