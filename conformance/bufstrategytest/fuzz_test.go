package bufstrategytest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// FuzzModel lets the fuzzer choose the strategy, the bounds and the operations, and compares with
// the reference.
func FuzzModel(f *testing.F) {
	targets := append(everyStrategy(), pooled(256))
	for i := range targets {
		f.Add(uint8(i), uint16(100*i), uint16(70*i), i%2 == 0, []byte("\x00\xff\x01\x80some operations\x10\x20\x30"))
	}
	f.Fuzz(func(t *testing.T, strategy uint8, limit, high uint16, poison bool, choices []byte) {
		target := targets[int(strategy)%len(targets)]
		fixture, err := target.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		// With Poison, a Mirrored never gives its memory back, and the number of mappings per
		// process is limited.
		poison = poison && target.Name != "mirrored"
		c := Options{Limit: 1 + int(limit)%5000, Poison: poison}
		if high > 0 {
			c.High = 1 + int(high)%c.Limit
			c.Low = c.High / 3
		}
		// There are two buffers, for the strategies that share memory.
		var ms []*model
		for range 2 {
			b, err := fixture.New(c)
			if err != nil {
				t.Fatal(err)
			}
			m := newModel(b, c)
			m.next = byte(100 * len(ms))
			if fixture.Holds != nil && target.Name != "chain+pool" {
				m.holds = fixture.Holds(b.Limit())
			}
			ms = append(ms, m)
		}
		defer func() {
			for _, m := range ms {
				m.b.Release()
			}
		}()
		pick := func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			c := int(choices[0])
			choices = choices[1:]
			if n > 256 && len(choices) > 0 {
				c = c<<8 | int(choices[0])
				choices = choices[1:]
			}
			return c % n
		}
		for len(choices) > 0 {
			k := pick(len(ms))
			var what string
			if fixture.Exhaust != nil { // the two Chains then share a Pool
				what, err = handOver(ms[k], ms[1-k], pick)
			}
			if what == "" {
				what, err = ms[k].step(pick)
			}
			if err == nil && pick(8) == 0 {
				err = ms[1-k].compare(true)
			}
			if err != nil {
				t.Fatalf("%s, limit %d: buffer %d, %s: %v", target.Name, limit, k, what, err)
			}
		}
	})
}

// handOver occasionally moves the bytes of one Chain to another.
func handOver(to, from *model, pick choose) (string, error) {
	c, ok := to.b.(*bufstrategy.Chain)
	src, too := from.b.(*bufstrategy.Chain)
	if !ok || !too || pick(8) > 0 {
		return "", nil
	}
	n := c.MoveFrom(src)
	what := fmt.Sprintf("MoveFrom of %d", n)
	if n > len(from.unread) || n > to.room() {
		return what, errors.New("more than there is, or than there is room for")
	}
	if n == 0 && len(from.unread) > 0 && to.room() >= len(from.unread) {
		return what, errors.New("nothing was moved, but everything would fit")
	}
	to.unread = append(to.unread, from.unread[:n]...)
	from.unread = from.unread[n:]
	return what, errors.Join(to.compare(true), from.compare(true))
}
