package buffers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// Burst configures the measurement of what bursts leave behind.
type Burst struct {
	Conns    int   // connections, one buffer each
	Bytes    int   // bytes that arrive per connection
	Live     int64 // maximum unread bytes: the connections have their bursts in waves of this size
	Names    []string
	Seed     uint64
	Progress func(format string, args ...any)
}

// Sources provides the bytes of bursts.
type Sources interface {
	// Arrive makes a burst arrive for the connections from first to before end.
	Arrive(first, end int) error

	// Source returns the source of a connection.
	Source(i int) bufstrategy.TryReader

	// Wait waits until more has arrived for a connection.
	Wait(i int) error
}

// BurstRow is the memory of a strategy, in bytes: of its buffers, as they and their pool report,
// and of Go's heap, as the runtime reports. It is measured at the start, when all buffers of a wave
// are full, and when all are idle. Start and end are after a garbage collection.
type BurstRow struct {
	Strategy  string `json:"strategy"`
	Conns     int    `json:"conns"`
	Waves     int    `json:"waves"`
	Start     int    `json:"start"`
	Peak      int    `json:"peak"`
	End       int    `json:"end"`
	HeapStart uint64 `json:"heap_start"`
	HeapPeak  uint64 `json:"heap_peak"`
	HeapEnd   uint64 `json:"heap_end"`
}

// slack bounds the memory in use afterwards: in percent, in addition to that before.
const slack = 5

// heapNoise bounds any other growth of the heap meanwhile. The runtime and this program
// allocate some memory for themselves, which exceeds slack if few connections are measured. It is
// less than four bursts.
const heapNoise = 256 << 10

// Checks returns whether memory has returned to its initial size.
func (r BurstRow) Checks(kind string) []Check {
	name := fmt.Sprintf("%s gives back the memory of bursts, %s", r.Strategy, kind)
	return []Check{
		{name, verdict(r.End*100 <= r.Start*(100+slack)), fmt.Sprintf("buffers held %d bytes before, %d at most, %d after", r.Start, r.Peak, r.End)},
		{name + ", on the heap", verdict(r.HeapEnd*100 <= r.HeapStart*(100+slack)+100*heapNoise), fmt.Sprintf("%d bytes before, %d at most, %d after", r.HeapStart, r.HeapPeak, r.HeapEnd)},
	}
}

// BurstBytes returns the bytes of a burst.
func BurstBytes(seed uint64, n int) []byte { return record(single, n, 1, 1, newRand(seed)).bytes }

// MemorySources returns sources without sockets.
func (b Burst) MemorySources() Sources {
	return &memorySources{source: source{tape: BurstBytes(b.Seed, b.Bytes)}, left: make([]int, b.Conns)}
}

type memorySources struct {
	source
	left []int // bytes that have arrived and are unread, per connection
}

func (m *memorySources) Arrive(first, end int) error {
	for i := first; i < end; i++ {
		m.left[i] = len(m.tape)
	}
	return nil
}

func (m *memorySources) Source(i int) bufstrategy.TryReader {
	m.source.at, m.ready = len(m.tape)-m.left[i], m.left[i]
	m.left[i] = 0 // all of it is read before another connection has its turn
	return &m.source
}

func (m *memorySources) Wait(int) error { return errors.New("the burst in memory ended early") }

// Run measures each strategy in turn.
func (b Burst) Run(ctx context.Context, from Sources) ([]BurstRow, error) {
	var rows []BurstRow
	for _, name := range b.Names {
		row, err := b.run(ctx, name, from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// burstRun is a strategy under measurement.
type burstRun struct {
	Burst
	fleet *strategyFleet
	list  []bufstrategy.Buffer
	sink  consumer
	row   BurstRow
}

func (b Burst) run(ctx context.Context, name string, from Sources) (BurstRow, error) {
	f, err := strategySubject(name).open(workload{limit: b.Bytes, framing: bulk})
	if err != nil {
		return BurstRow{}, err
	}
	r := burstRun{Burst: b, fleet: f.(*strategyFleet), list: make([]bufstrategy.Buffer, b.Conns), row: BurstRow{Strategy: name, Conns: b.Conns}}
	r.sink = consumer{framing: bulk, tape: BurstBytes(b.Seed, b.Bytes), whole: true}
	for i := range r.list {
		if r.list[i], err = r.fleet.make(r.fleet.scratch[0]); err != nil {
			return BurstRow{}, err
		}
	}
	r.row.HeapStart, r.row.Start = heapLive(), r.held()
	wave := max(1, int(b.Live/int64(b.Bytes)))
	for first := 0; first < b.Conns; first += wave {
		if ctx.Err() != nil {
			return BurstRow{}, context.Cause(ctx)
		}
		end := min(first+wave, b.Conns)
		b.Progress("burst: %s: connections %d to %d of %d", name, first, end, b.Conns)
		if err := r.wave(first, end, from); err != nil {
			return BurstRow{}, err
		}
		r.row.Waves++
	}
	r.row.HeapEnd, r.row.End = heapLive(), r.held()
	for _, b := range r.list {
		b.Release()
	}
	return r.row, r.sink.check()
}

// held returns the bytes of memory of all buffers.
func (r *burstRun) held() int {
	sum := 0
	for _, b := range r.list {
		sum += b.Stats().Resident
	}
	return r.fleet.memory(sum)
}

// wave fills some buffers, consumes their contents, and does what a loop does with connections that
// have become idle.
func (r *burstRun) wave(first, end int, from Sources) error {
	if err := from.Arrive(first, end); err != nil {
		return err
	}
	for i := first; i < end; i++ {
		if err := r.fill(i, from); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	r.row.Peak, r.row.HeapPeak = max(r.row.Peak, r.held()), max(r.row.HeapPeak, heapUsed())
	for _, b := range r.list[first:end] {
		for _, s := range b.Segments() {
			r.sink.take(s)
		}
		b.Discard(b.Len())
		b.Trim()
	}
	r.fleet.drop()
	return nil
}

// fill reads until the burst is complete.
func (r *burstRun) fill(i int, from Sources) error {
	b, src := r.list[i], from.Source(i)
	for b.Len() < r.Bytes {
		outcome, _, err := bufstrategy.Fill(b, src, r.Bytes-b.Len())
		switch outcome {
		case bufstrategy.Drained:
			if err := from.Wait(i); err != nil {
				return err
			}
		case bufstrategy.Budget:
		default:
			if b.Len() < r.Bytes {
				return fmt.Errorf("%v after %d bytes: %w", outcome, b.Len(), err)
			}
		}
	}
	return nil
}

// ReportBurst prints a table.
func ReportBurst(out io.Writer, b Burst, kind string, rows []BurstRow) error {
	fmt.Fprintf(out, "burst: %d B for each of %d connections, %s, at most %s unread at once\n", b.Bytes, b.Conns, kind, Size(float64(b.Live)))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\twaves\tbuffers: before\tat most\tafter\theap: before\tat most\tafter\t\n")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", r.Strategy, r.Waves, r.Start, r.Peak, r.End, r.HeapStart, r.HeapPeak, r.HeapEnd)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}
