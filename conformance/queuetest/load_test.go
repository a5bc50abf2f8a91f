package queuetest

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

// eachTarget runs f on a queue of every mechanism that the system has.
func eachTarget(b *testing.B, f func(b *testing.B, q queue.Queue)) {
	for _, target := range targets() {
		b.Run(target.Name, func(b *testing.B) {
			q, err := target.Open()
			if errors.Is(err, queue.ErrUnavailable) || errors.Is(err, errors.ErrUnsupported) {
				b.Skipf("%s: unavailable (%v)", target.Name, err)
			}
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := q.Close(); err != nil {
					b.Error(err)
				}
			}()
			f(b, q)
		})
	}
}

// BenchmarkExactlyOnce runs [ExactlyOnce] at full size. It is a long check: run it with
// -benchtime=1x.
func BenchmarkExactlyOnce(b *testing.B) {
	for _, m := range modes {
		b.Run(m.String(), func(b *testing.B) {
			eachTarget(b, func(b *testing.B, q queue.Queue) {
				for b.Loop() {
					got, err := ExactlyOnce(q, Load{Mode: m, Waiters: 8, Sources: 2000, Transitions: 1_000_000})
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(got.Consumed), "transitions")
					b.ReportMetric(float64(got.Lost), "lost")
					b.ReportMetric(float64(got.Twice), "twice")
					b.ReportMetric(float64(got.Spurious), "spurious")
					b.ReportMetric(float64(got.Elapsed.Nanoseconds())/float64(max(got.Consumed, 1)), "ns/transition")
					if got.Lost > 0 || m != queue.Level && got.Twice > 0 {
						b.Errorf("%v", got)
					}
				}
			})
		})
	}
}

// BenchmarkReuse runs [Reuse] at full size. It is a long check: run it with -benchtime=1x.
func BenchmarkReuse(b *testing.B) {
	eachTarget(b, func(b *testing.B, q queue.Queue) {
		for b.Loop() {
			const owners = 4
			got, err := Reuse(q, ReuseLoad{Waiters: 4, Owners: owners, Cycles: 100_000 / owners})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(got.Cycles), "cycles")
			b.ReportMetric(float64(got.Reused), "reused")
			b.ReportMetric(float64(got.Stale), "stale")
			b.ReportMetric(float64(got.Lost), "lost")
			b.ReportMetric(float64(got.Elapsed.Nanoseconds())/float64(max(got.Cycles, 1)), "ns/cycle")
			if got.Stale > 0 || got.Lost > 0 {
				b.Errorf("%v", got)
			}
		}
	})
}
