package pool

import "testing"

// BenchmarkTake takes a block and gives it back, on all processors at once: from the Pool itself,
// and through one Magazine per goroutine.
func BenchmarkTake(b *testing.B) {
	for _, mode := range []string{"pool", "cache", "guarded"} {
		b.Run(mode, func(b *testing.B) {
			p := newPool(b, Options{Limit: 64 << 20, Keep: 64 << 20, Guard: mode == "guarded"})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				var from lender = p
				release := Handle.Release
				if mode == "cache" {
					c, err := p.NewMagazine(64 << 10)
					if err != nil {
						b.Error(err)
						return
					}
					defer c.Close()
					from, release = c, c.Put
				}
				for pb.Next() {
					block, err := from.Take(4096)
					if err != nil {
						b.Error(err)
						return
					}
					release(block)
				}
			})
		})
	}
}
