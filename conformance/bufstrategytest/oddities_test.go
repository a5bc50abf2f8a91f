package bufstrategytest

import "github.com/edgewise-go/edgewise/bufstrategy"

// oddities are unusual but allowed.
func oddities() []Target {
	small := with(func(b bufstrategy.Buffer, _ Options) fault {
		return fault{space: func() [][]byte {
			s := b.Space()
			if len(s) == 0 {
				return nil
			}
			n := min(len(s[0]), 200)
			return [][]byte{s[0][:n:n]}
		}}
	})
	small.Name = "little space at a time"
	split := with(func(b bufstrategy.Buffer, _ Options) fault {
		halves := func(segs [][]byte) (out [][]byte) {
			for _, s := range segs {
				h := (len(s) + 1) / 2
				out = append(out, s[:h:h])
				if h < len(s) {
					out = append(out, s[h:])
				}
			}
			return out
		}
		return fault{
			space:    func() [][]byte { return halves(b.Space()) },
			segments: func() [][]byte { return halves(b.Segments()) },
		}
	})
	split.Name = "segments in halves"
	larger := withOptions(func(c Options) Options {
		if c.High == 0 && c.Low == 0 {
			c.Limit += c.Limit / 3
		}
		return c
	}, func(bufstrategy.Buffer, Options) fault { return fault{} })
	larger.Name = "larger limit than asked for"
	eager := with(func(b bufstrategy.Buffer, _ Options) fault {
		return fault{discard: func(n int) { b.Discard(n); b.Trim() }}
	})
	eager.Name = "trims after every discard"
	return []Target{small, split, larger, eager}
}
