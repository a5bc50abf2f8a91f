package bufstrategytest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func modelCases() []Case {
	return []Case{
		{
			ID:   "model/random",
			Rule: "Buffer is a bounded queue of bytes between a producer and a consumer, of which a socket is usually one.",
			Run: func(t T, f *Fixture) {
				for _, limit := range []int{1, 7, 256, 1500, 20_000} {
					runModel(t, f, Config{Limit: limit, High: (limit + 1) / 2, Low: limit / 4}, 600)
				}
			},
		}, {
			ID:     "model/several",
			Rule:   "Buffers never see each other's bytes, whatever memory they share.",
			Source: "a pooled slice that two connections held: nbio, netpoll #146",
			Run:    modelSeveral,
		},
	}
}

// model is the reference: what a buffer holds and says.
type model struct {
	b         bufstrategy.Buffer
	high, low int
	paused    bool
	unread    []byte
	next      byte // of what is committed
}

func newModel(b bufstrategy.Buffer, c Config) *model {
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

// size prefers the ends of 0 to n, where the mistakes are.
func (c choose) size(n int) int {
	switch c(4) {
	case 0:
		return n
	case 1:
		return min(n, c(4))
	}
	return c(n + 1)
}

// step does one operation on the buffer and on the reference and compares. It describes what it did.
func (m *model) step(pick choose) (what string, err error) {
	switch op := pick(16); {
	case op < 6:
		what, err = m.commit(pick)
	case op < 11:
		k := pick.size(len(m.unread))
		what = fmt.Sprintf("Discard(%d)", k)
		m.b.Discard(k)
		m.unread = m.unread[k:]
	case op < 13:
		what, err = m.view(pick)
	case op < 14:
		what = "Trim"
		m.b.Trim()
	case op < 15 && pick(8) == 0:
		what = "Release"
		m.b.Release()
		m.unread = nil
	default:
		what = "Index"
		c := byte(pick(256))
		if got, want := bufstrategy.Index(m.b, c), bytes.IndexByte(m.unread, c); got != want {
			err = fmt.Errorf("Index(%d) is %d, want %d", c, got, want)
		}
	}
	return what, errors.Join(err, m.compare(pick(4) == 0))
}

func (m *model) commit(pick choose) (string, error) {
	space := m.b.Space()
	offered := sum(space)
	n := pick.size(offered)
	if n == 0 {
		m.b.Commit(0)
		return "Commit(0)", nil
	}
	left := n
	for _, s := range space {
		for i := range s[:min(left, len(s))] {
			s[i] = m.next
			m.unread = append(m.unread, m.next)
			// A prime less than 256 as the period meets every alignment.
			m.next = (m.next + 1) % 251
		}
		left -= min(left, len(s))
	}
	m.b.Commit(n)
	return fmt.Sprintf("Commit(%d) of %d", n, offered), nil
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
	if m.b.Len() != n || m.b.Paused() != m.paused {
		return fmt.Errorf("got Len %d, Paused %v, want %d, %v", m.b.Len(), m.b.Paused(), n, m.paused)
	}
	if !bytesToo {
		return nil
	}
	if !bytes.Equal(join(m.b.Segments()), m.unread) {
		return errors.New("the bytes of Segments are not the unread ones")
	}
	return nil
}

// traceMax bounds the operations that a failure prints.
const traceMax = 12

func runModel(t T, f *Fixture, c Config, steps int) {
	t.Helper()
	for seed := range uint64(3) {
		m := newModel(f.open(t, c), c)
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
	c := Config{Limit: 1500}
	var ms []*model
	for i := range 5 {
		m := newModel(f.open(t, c), c)
		m.next = byte(i * 50)
		ms = append(ms, m)
	}
	const seed = 13
	rng := rand.New(rand.NewPCG(seed, seed))
	for i := range 3000 {
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
