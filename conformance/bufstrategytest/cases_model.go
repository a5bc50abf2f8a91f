package bufstrategytest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

func modelCases() []Case {
	return []Case{
		{
			ID: "model/random", Doc: "bufstrategy.Buffer",
			Rule: "Buffer is a bounded queue of bytes between a producer and a consumer, one of which is usually a socket.",
			Run: func(t T, f *Fixture) {
				for _, limit := range []int{1, 7, 256, 1500, 20_000} {
					runModel(t, f, Options{Limit: limit, High: (limit + 1) / 2, Low: limit / 4}, 600)
				}
			},
		}, {
			ID: "model/several", Doc: "bufstrategy.Buffer",
			Rule:   "Buffers never see each other's bytes, whatever memory they share.",
			Source: "a pooled slice that two connections held: nbio, netpoll #146",
			Run:    modelSeveral,
		},
	}
}

// model is the reference: the expected contents and results of a buffer.
type model struct {
	b         bufstrategy.Buffer
	high, low int
	paused    bool
	holds     int // most bytes of memory; zero promises nothing
	unread    []byte
	next      byte // of the committed bytes
}

func newModel(b bufstrategy.Buffer, c Options) *model {
	m := &model{b: b, high: c.High, low: c.Low}
	if m.high == 0 {
		m.high = b.Limit()
	}
	if m.low == 0 {
		m.low = m.high / 2
	}
	return m
}

// choose returns a number from 0 to n-1.
type choose func(n int) int

// size prefers the ends of 0 to n, where mistakes are most likely.
func (c choose) size(n int) int {
	switch c(4) {
	case 0:
		return n
	case 1:
		return min(n, c(4))
	}
	return c(n + 1)
}

// step performs one operation on the buffer and on the reference, and compares. It describes the
// operation.
func (m *model) step(pick choose) (what string, err error) {
	switch op := pick(20); {
	case op < 6:
		what, err = m.commit(pick)
	case op < 7:
		what, err = m.fill(pick)
	case op < 8:
		what, err = m.flush(pick)
	case op < 9:
		what, err = m.read(pick)
	case op < 10:
		what, err = m.write(pick)
	case op < 14:
		k := pick.size(len(m.unread))
		what = fmt.Sprintf("Discard(%d)", k)
		m.b.Discard(k)
		m.unread = m.unread[k:]
	case op < 16:
		what, err = m.view(pick)
	case op < 17:
		what = "Trim"
		m.b.Trim()
	case op < 18 && pick(8) == 0:
		what = "Release"
		m.b.Release()
		m.unread = nil
	default:
		what, err = m.index(pick)
	}
	return what, errors.Join(err, m.compare(pick(4) == 0))
}

func (m *model) commit(pick choose) (string, error) {
	space := m.b.Space()
	if pick(8) == 0 {
		space = m.b.Space()
	}
	offered := sum(space)
	n := pick.size(offered)
	if n == 0 {
		m.b.Commit(0)
		return "Commit(0)", nil
	}
	left := n
	for _, s := range space {
		copy(s, m.produce(min(left, len(s))))
		left -= min(left, len(s))
	}
	m.b.Commit(n)
	return fmt.Sprintf("Commit(%d) of %d", n, offered), nil
}

// produce returns the next n bytes, which are then unread in the reference.
func (m *model) produce(n int) []byte {
	for range n {
		m.unread = append(m.unread, m.next)
		// The period is a prime less than 256, so it meets every alignment.
		m.next = (m.next + 1) % 251
	}
	return m.unread[len(m.unread)-n:]
}

func (m *model) view(pick choose) (string, error) {
	n := pick.size(len(m.unread) + 2)
	what := fmt.Sprintf("View(%d)", n)
	v, err := m.b.View(n)
	switch {
	case n > m.b.Limit():
		if !errors.Is(err, bufstrategy.ErrTooLarge) {
			return what, fmt.Errorf("%v, want ErrTooLarge", err)
		}
	case n > len(m.unread):
		if !errors.Is(err, bufstrategy.ErrShort) {
			return what, fmt.Errorf("%v, want ErrShort", err)
		}
	case errors.Is(err, bufstrategy.ErrExhausted):
	case err != nil:
		return what, err
	case !bytes.Equal(v, m.unread[:n]):
		return what, errors.New("wrong bytes")
	}
	return what, nil
}

func (m *model) compare(bytesToo bool) error {
	n := len(m.unread)
	switch {
	case n >= m.high:
		m.paused = true
	case n <= m.low:
		m.paused = false
	}
	if s := m.b.Stats(); m.holds > 0 && s.PeakResident > m.holds || s.Resident < n {
		return fmt.Errorf("memory of %+v with %d bytes unread, want at most %d", s, n, m.holds)
	}
	if m.b.Len() != n || m.b.Paused() != m.paused {
		return fmt.Errorf("got Len %d, Paused %v, want %d, %v", m.b.Len(), m.b.Paused(), n, m.paused)
	}
	if !bytesToo {
		return nil
	}
	if !bytes.Equal(join(m.b.Segments()), m.unread) {
		return errors.New("the bytes of Segments differ from the unread ones")
	}
	return nil
}

// room is how many bytes m has room for.
func (m *model) room() int { return m.b.Limit() - len(m.unread) }

// fill reads from a socket that has slightly more, or fewer, bytes than there is room for, and may
// end.
func (m *model) fill(pick choose) (string, error) {
	room := m.room()
	n := pick.size(room + 2)
	fin, budget := pick(2) == 0, pick(3)*pick(room+2)
	what := fmt.Sprintf("Fill of %d, budget %d, end %v", n, budget, fin)
	before := len(m.unread)
	src := &socket{data: bytes.Clone(m.produce(n)), arrived: n, fin: fin, readMax: func() int { return 1 + pick(room+2) }}
	o, k, err := bufstrategy.Fill(m.b, src, budget)
	m.unread, m.next = m.unread[:before+k], byte((int(m.next)+251*n-(n-k))%251)
	want := bufstrategy.Drained
	switch {
	case errors.Is(err, bufstrategy.ErrExhausted) && o == bufstrategy.Full:
		return what, nil
	case budget > 0 && k >= budget:
		want = bufstrategy.Budget
	case k == room:
		want = bufstrategy.Full
	case fin:
		want = bufstrategy.EOF
	}
	if o != want || err != nil || (o == bufstrategy.EOF || o == bufstrategy.Drained) && k != n || budget > 0 && k > budget {
		return what, fmt.Errorf("%v, %d, %v, want %v", o, k, err, want)
	}
	return what, nil
}

// flush writes to a sink that takes some of the bytes.
func (m *model) flush(pick choose) (string, error) {
	takes, budget := pick.size(len(m.unread)), pick(3)*pick(len(m.unread)+2)
	what := fmt.Sprintf("Flush of which %d are taken, budget %d", takes, budget)
	dst := &slowSink{room: takes, writeMax: func() int { return 1 + pick(len(m.unread)+1) }}
	o, k, err := bufstrategy.Flush(m.b, dst, budget)
	want := bufstrategy.Blocked
	switch {
	case k == len(m.unread):
		want = bufstrategy.Emptied
	case budget > 0 && k == budget:
		want = bufstrategy.Budget
	}
	if o != want || err != nil || k > takes || budget > 0 && k > budget || !bytes.Equal(dst.got, m.unread[:k]) {
		return what, fmt.Errorf("%v, %d, %v, want %v, or wrong bytes", o, k, err, want)
	}
	m.unread = m.unread[k:]
	return what, nil
}

func (m *model) read(pick choose) (string, error) {
	p := make([]byte, pick.size(len(m.unread)+1))
	what := fmt.Sprintf("Read of %d", len(p))
	n, err := (&adapter.Reader{Buffer: m.b}).Read(p)
	want := min(len(p), len(m.unread))
	if n != want || !bytes.Equal(p[:n], m.unread[:n]) || (err != nil) != (want == 0 && len(p) > 0) {
		return what, fmt.Errorf("%d, %v, want %d, or wrong bytes", n, err, want)
	}
	m.unread = m.unread[n:]
	return what, nil
}

func (m *model) write(pick choose) (string, error) {
	// It writes no more than there is room for: a wrong buffer could keep the Writer waiting
	// without end.
	size := pick.size(m.room())
	what := fmt.Sprintf("Write of %d", size)
	n, err := adapter.Writer{Buffer: m.b}.Write(bytes.Clone(m.produce(size)))
	m.unread, m.next = m.unread[:len(m.unread)-(size-n)], byte((int(m.next)+251*size-(size-n))%251)
	if errors.Is(err, bufstrategy.ErrExhausted) {
		return what, nil
	}
	if n != size || err != nil {
		return what, fmt.Errorf("%d, %v", n, err)
	}
	return what, nil
}

func (m *model) index(pick choose) (string, error) {
	c, from := byte(pick(256)), pick.size(len(m.unread)+1)
	what := fmt.Sprintf("IndexFrom(%d, %d)", from, c)
	want := -1
	if from <= len(m.unread) {
		if want = bytes.IndexByte(m.unread[from:], c); want >= 0 {
			want += from
		}
	}
	if got := message.IndexFrom(m.b, from, c); got != want {
		return what, fmt.Errorf("%d, want %d", got, want)
	}
	return what, nil
}

// traceMax bounds the operations that a failure prints.
const traceMax = 12

func runModel(t T, f *Fixture, c Options, steps int) {
	t.Helper()
	for seed := range uint64(suite.Extent(1, 3)) {
		m := newModel(f.open(t, c), c)
		if f.Holds != nil {
			m.holds = f.Holds(m.b.Limit())
		}
		rng := rand.New(rand.NewPCG(seed, uint64(c.Limit)))
		var trace []string
		for i := range steps {
			what, err := m.step(rng.IntN)
			trace = append(trace[max(0, len(trace)-traceMax+1):], what)
			if err != nil {
				t.Fatalf("seed %d, %+v, step %d: %v\noperations: %q", seed, c, i, err, trace)
			}
		}
		m.b.Release()
	}
}

func modelSeveral(t T, f *Fixture) {
	c := Options{Limit: 1500}
	var ms []*model
	for i := range 5 {
		m := newModel(f.open(t, c), c)
		m.next = byte(i * 50)
		ms = append(ms, m)
	}
	const seed = 13
	rng := rand.New(rand.NewPCG(seed, seed))
	for i := range suite.Extent(1000, 3000) {
		k := rng.IntN(len(ms))
		what, err := ms[k].step(rng.IntN)
		if err != nil {
			t.Fatalf("seed %d, step %d: buffer %d, %s: %v", seed, i, k, what, err)
		}
	}
	for k, m := range ms {
		if err := m.compare(true); err != nil {
			t.Fatalf("seed %d, at the end: buffer %d: %v", seed, k, err)
		}
	}
}
