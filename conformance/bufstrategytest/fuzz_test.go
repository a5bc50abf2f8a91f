package bufstrategytest

import "testing"

// FuzzModel lets the fuzzer choose the strategy, the bounds and the operations, and compares with the reference.
func FuzzModel(f *testing.F) {
	for i := range 5 {
		f.Add(uint8(i), uint16(100*i), true, []byte("\x00\xff\x01\x80some operations\x10\x20\x30"))
	}
	f.Fuzz(func(t *testing.T, strategy uint8, limit uint16, poison bool, choices []byte) {
		targets := []Target{byName("fixed"), byName("grow"), byName("ring"), pooled(256), sharedTarget(), byName("adaptive"), kernelTarget(256)}
		target := targets[int(strategy)%len(targets)]
		fixture, err := target.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		// Two buffers, for those that share memory.
		var ms []*model
		for range 2 {
			c := Config{Limit: 1 + int(limit)%5000, Poison: poison}
			b, err := fixture.New(c)
			if err != nil {
				t.Fatal(err)
			}
			ms = append(ms, newModel(b, c))
		}
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
			m := ms[pick(len(ms))]
			if what, err := m.step(pick); err != nil {
				t.Fatalf("%s, limit %d: %s: %v", target.Name, limit, what, err)
			}
		}
	})
}
