package stub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestASilentStreamIsReplaced(t *testing.T) {
	w := newNetwork(t, 1, Options{Streams: true})
	w.lookup("zero.example").good(t)
	dead := w.sent[0].link
	w.serve[addr(1)] = func(q arrival) []packet {
		if q.link == dead {
			return nil
		}
		return w.answers(q)
	}
	begin := w.now
	r := w.lookup("one.example")
	r.good(t)
	require.LessOrEqual(t, r.at-begin, streamMin+streamMin/4+rtt)
	begin = w.now
	r = w.lookup("two.example")
	r.good(t)
	require.Equal(t, rtt, r.at-begin, "later lookups do not use it")
	w.idle()
	require.Len(t, w.open, 1)
}

func TestAStreamThatConnectsForeverDoesNotFailAnother(t *testing.T) {
	w := newNetwork(t, 1, Options{Streams: true})
	w.serve[addr(1)] = func(q arrival) []packet {
		switch len(w.sent) {
		case 1:
			w.at(w.now+streamMin+2*streamMin/4, func() { // after the next one was opened
				w.core.Failed(q.link, resolve.ErrTimeout, w.now)
				w.act()
			})
			return nil
		case 2:
			return []packet{{streamMin / 2, q.link, reply(q, nil)}}
		}
		return nil
	}
	w.lookup("one.example").good(t)
	w.idle()
}

func TestAServerOverStreamsIsAskedThreeTimes(t *testing.T) {
	w := newNetwork(t, 2, Options{Streams: true, Timeout: time.Minute})
	w.serve[addr(1)], w.serve[addr(2)] = silence, silence
	require.ErrorIs(t, w.lookup("dead.example").err, resolve.ErrTimeout)
	require.Len(t, w.sent, 2*udpRounds)
	w.idle()
}
