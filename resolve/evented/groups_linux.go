package evented

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// groupMax bounds the datagrams that a batch holds, all of which may be one group.
const groupMax = sys.MaxDatagramSegments

// groups are the messages of the next calls of sendmmsg(2). A group is several datagrams in one
// message, which pass most of the network stack as one (udp(7), UDP_SEGMENT).
type groups struct {
	messages [batchMax]sys.Message
	counts   [batchMax]int // datagrams per message
	controls [batchMax][]byte
	at, n    int // of messages
	buffer   []byte
}

func (g *groups) done() bool          { return g.at == g.n }
func (g *groups) grouped() bool       { return g.at < g.n && g.counts[g.at] > 1 }
func (g *groups) rest() []sys.Message { return g.messages[g.at:g.n] }

// take notes that the kernel took n messages, and returns how many datagrams those are.
func (g *groups) take(n int) int {
	datagrams := 0
	for _, count := range g.counts[g.at : g.at+n] {
		datagrams += count
	}
	g.at += n
	return datagrams
}

func (g *groups) reset() {
	clear(g.messages[:g.n])
	g.at, g.n, g.buffer = 0, 0, g.buffer[:0]
}

// make makes messages from the first datagrams of out, which it sorts.
func (g *groups) make(out [][]byte, state *grouping) {
	g.reset()
	now := state.load() // once: the receiver may change it
	if len(out) > 1 && (now == groupingUntried || now == groupingWorks) {
		slices.SortFunc(out, func(x, y []byte) int { return cmp.Compare(len(y), len(x)) })
		if now == groupingUntried {
			state.probe(out[1])
			g.add(out[:2])
			out = out[2:]
		}
	}
	for len(out) > 0 && g.n < len(g.messages) {
		n := 1
		// The last datagram of a group may be shorter than the others.
		for now == groupingWorks && n < len(out) && len(out[n-1]) == len(out[0]) {
			n++
		}
		g.add(out[:n])
		out = out[n:]
	}
}

// add adds a message of these datagrams.
func (g *groups) add(out [][]byte) {
	m := &g.messages[g.n]
	m.Buffer = out[0]
	if len(out) > 1 {
		from := len(g.buffer) // if append moves the buffer, the messages before keep the old one
		for _, d := range out {
			g.buffer = append(g.buffer, d...)
		}
		m.Buffer = g.buffer[from:]
		g.controls[g.n] = sys.AppendSegmentSize(g.controls[g.n][:0], uint16(len(out[0])))
		m.Control = g.controls[g.n]
	}
	g.counts[g.n] = len(out)
	g.n++
}

// grouping says whether groups reach the server. Only a reply shows that: a device with a faulty
// driver loses groups without an error. So a socket first sends one group of two queries, and
// others after the reply to the second query. A faulty driver costs each socket two transmissions.
// The receiver calls probing and arrived, and the sender the other methods.
type grouping struct{ state atomic.Uint32 }

// The states. A value below groupingUntried is the ID of the query whose reply is awaited.
const (
	groupingUntried = 1<<16 + iota
	groupingWorks
	groupingFails
)

func (g *grouping) init(may bool) {
	g.state.Store(groupingFails)
	if may {
		g.state.Store(groupingUntried)
	}
}

func (g *grouping) load() uint32  { return g.state.Load() }
func (g *grouping) failed()       { g.state.Store(groupingFails) }
func (g *grouping) probing() bool { return g.load() < groupingUntried }

// probe notes the second query of the first group. Its ID is in its first two bytes.
func (g *grouping) probe(query []byte) { g.state.Store(uint32(binary.BigEndian.Uint16(query))) }

// arrived notes a datagram that may be the reply.
func (g *grouping) arrived(reply []byte) {
	if len(reply) >= 2 {
		g.state.CompareAndSwap(uint32(binary.BigEndian.Uint16(reply)), groupingWorks)
	}
}
