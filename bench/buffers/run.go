package buffers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"gonum.org/v1/gonum/floats"

	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

// Options selects what to measure, and for how long.
type Options struct {
	Rounds    int           // turns per subject
	Turn      time.Duration // length of a turn
	Count     uint64        // bytes of the counting pass
	Seed      uint64        // seed of the bytes and arrivals
	Conns     int           // maximum connections of a workload
	Workloads []string
	Subjects  []Subject
	Progress  func(format string, args ...any) // receives progress messages
}

// Row is the result of a subject at a workload.
type Row struct {
	Workload     string  `json:"workload"`
	Subject      string  `json:"subject"`
	Peer         bool    `json:"peer"`
	Bytes        uint64  `json:"bytes_counted"`        // bytes that the counts cover
	Copied       float64 `json:"copied_per_byte"`      // bytes that the buffer copied, per byte that it handed over
	Reads        float64 `json:"reads_per_mib"`        // calls of the source
	Allocs       float64 `json:"allocs_per_message"`   // from Go's heap
	ResidentMean float64 `json:"resident_mean"`        // bytes of memory per connection
	PeakResident int     `json:"resident_max"`         // maximum bytes of a connection
	Nanos        float64 `json:"ns_per_message"`       // median of the turns
	Least        float64 `json:"ns_per_message_least"` // of the turns
	Most         float64 `json:"ns_per_message_most"`  // of the turns
	MessageRate  float64 `json:"messages_per_second"`  // median
	ByteRate     float64 `json:"bytes_per_second"`     // median
}

// Run measures and returns a row for each subject at each workload, grouped by workload. It checks
// ctx between turns.
func Run(ctx context.Context, c Options) ([]Row, error) {
	list, err := some(c.Workloads, c.Conns)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, w := range list {
		more, err := c.run(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (c Options) run(ctx context.Context, w workload) (rows []Row, err error) {
	p := w.plan(c.Seed)
	var trials []*trial
	defer func() {
		for _, t := range trials {
			err = errors.Join(err, t.close())
		}
		trials = nil
		runtime.GC()
	}()
	for _, s := range c.Subjects {
		c.Progress("%s: counting %s", w.name, s.Name)
		t, err := newTrial(w, p, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		trials = append(trials, t)
		row, err := t.count(c.Count)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		rows = append(rows, row)
	}
	turns := make([][]turn, len(trials))
	for round := range c.Rounds {
		for k := range trials {
			i := (k + round) % len(trials) // no subject always follows the same one
			c.Progress("%s: round %d of %d: %s", w.name, round+1, c.Rounds, trials[i].subject.Name)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			one, err := trials[i].timed(c.Turn)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", trials[i].subject.Name, err)
			}
			turns[i] = append(turns[i], one)
		}
	}
	for i := range rows {
		rows[i].time(turns[i])
	}
	return rows, nil
}

// time fills in the results of the turns.
func (r *Row) time(turns []turn) {
	each := make([]float64, len(turns))
	for i, t := range turns {
		each[i] = t.nanos()
	}
	r.Nanos, r.Least, r.Most = stats.Median(each), floats.Min(each), floats.Max(each)
	r.MessageRate = stats.MedianOf(turns, func(t turn) float64 { return float64(t.messages) / t.elapsed.Seconds() })
	r.ByteRate = stats.MedianOf(turns, func(t turn) float64 { return float64(t.bytes) / t.elapsed.Seconds() })
	var messages, allocs uint64
	for _, t := range turns {
		messages += t.messages
		allocs += t.allocs
	}
	r.Allocs = float64(allocs) / float64(max(1, messages))
}

func (t turn) nanos() float64 { return float64(t.elapsed) / float64(max(1, t.messages)) }
