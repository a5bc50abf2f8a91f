package burst

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bench/internal/fleet"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bufstrategy"
)

// measurement selects what to measure.
type measurement struct {
	conns    int   // connections, one buffer each
	bytes    int   // bytes that arrive per connection
	live     int64 // maximum unread bytes: the connections have their bursts in waves of this size
	names    []string
	seed     uint64
	progress func(format string, args ...any)
}

// sources provides the bytes of bursts.
type sources interface {
	// Arrive makes a burst arrive for the connections from first to before end.
	Arrive(first, end int) error

	// Source returns the source of a connection.
	Source(i int) bufstrategy.TryReader

	// Wait waits until more has arrived for a connection.
	Wait(i int) error
}

// Row is the memory of a strategy, in bytes: of its buffers, as they and their pool report,
// and of Go's heap, as the runtime reports. It is measured at the start, when all buffers of a wave
// are full, and when all are idle. Start and end are after a garbage collection.
type Row struct {
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
func (r Row) Checks(kind string) []report.Check {
	name := fmt.Sprintf("%s gives back the memory of bursts, %s", r.Strategy, kind)
	return []report.Check{
		report.NewCheck(name, r.End*100 <= r.Start*(100+slack), "buffers held %d bytes before, %d at most, %d after", r.Start, r.Peak, r.End),
		report.NewCheck(name+", on the heap", r.HeapEnd*100 <= r.HeapStart*(100+slack)+100*heapNoise, "%d bytes before, %d at most, %d after", r.HeapStart, r.HeapPeak, r.HeapEnd),
	}
}

// payload returns the bytes of a burst.
func payload(seed uint64, n int) []byte {
	var key [32]byte
	copy(key[:], fmt.Sprintf("%x", seed))
	p := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

// inMemory is the sources without sockets.
type inMemory struct {
	payload []byte
	left    [][]byte // what has arrived and is unread, per connection
}

func newInMemory(b measurement) *inMemory {
	return &inMemory{payload: payload(b.seed, b.bytes), left: make([][]byte, b.conns)}
}

func (m *inMemory) Arrive(first, end int) error {
	for i := first; i < end; i++ {
		m.left[i] = m.payload
	}
	return nil
}

func (m *inMemory) Source(i int) bufstrategy.TryReader { return (*unread)(&m.left[i]) }

func (m *inMemory) Wait(int) error { return errors.New("the burst in memory ended early") }

// unread is the source of a connection.
type unread []byte

// TryReadv reads into segs, as readv(2) does.
func (u *unread) TryReadv(segs [][]byte) (int, error) {
	if len(*u) == 0 {
		return 0, wouldBlock{}
	}
	total := 0
	for _, p := range segs {
		n := copy(p, *u)
		*u = (*u)[n:]
		total += n
	}
	return total, nil
}

// wouldBlock is the error of a source that has nothing to read.
type wouldBlock struct{}

func (wouldBlock) Error() string    { return "nothing has arrived" }
func (wouldBlock) WouldBlock() bool { return true }

// measure measures each strategy in turn.
func (b measurement) measure(ctx context.Context, from sources) ([]Row, error) {
	var rows []Row
	for _, name := range b.names {
		row, err := b.run(ctx, name, from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// strategyRun is a strategy under measurement.
type strategyRun struct {
	measurement
	fleet   *fleet.Fleet
	list    []bufstrategy.Buffer
	payload []byte
	row     Row
}

// segmentBytes is the default size of a Chain's segments.
const segmentBytes = 16 << 10

func (b measurement) run(ctx context.Context, name string, from sources) (Row, error) {
	f, err := fleet.New(name, b.bytes, min(segmentBytes, b.bytes))
	if err != nil {
		return Row{}, err
	}
	r := strategyRun{measurement: b, fleet: f, list: make([]bufstrategy.Buffer, b.conns), payload: payload(b.seed, b.bytes)}
	r.row = Row{Strategy: name, Conns: b.conns}
	for i := range r.list {
		if r.list[i], err = f.New(fleet.Input); err != nil {
			return Row{}, err
		}
	}
	r.row.HeapStart, r.row.Start = memory.HeapLive(), r.held()
	wave := max(1, int(b.live/int64(b.bytes)))
	for first := 0; first < b.conns; first += wave {
		if ctx.Err() != nil {
			return Row{}, context.Cause(ctx)
		}
		end := min(first+wave, b.conns)
		b.progress("burst: %s: connections %d to %d of %d", name, first, end, b.conns)
		if err := r.wave(first, end, from); err != nil {
			return Row{}, err
		}
		r.row.Waves++
	}
	r.row.HeapEnd, r.row.End = memory.HeapLive(), r.held()
	for _, b := range r.list {
		b.Release()
	}
	return r.row, nil
}

// held returns the bytes of memory of all buffers.
func (r *strategyRun) held() int {
	sum := 0
	for _, b := range r.list {
		sum += b.Stats().Resident
	}
	return r.fleet.Memory(sum, false)
}

// wave fills some buffers, consumes their contents, and does what a loop does with connections that
// have become idle.
func (r *strategyRun) wave(first, end int, from sources) error {
	if err := from.Arrive(first, end); err != nil {
		return err
	}
	for i := first; i < end; i++ {
		if err := r.fill(i, from); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	r.row.Peak, r.row.HeapPeak = max(r.row.Peak, r.held()), max(r.row.HeapPeak, memory.HeapUsed())
	for _, b := range r.list[first:end] {
		if err := r.compare(b); err != nil {
			return err
		}
		b.Discard(b.Len())
		b.Trim()
	}
	r.fleet.Drop()
	return nil
}

// compare returns an error unless the buffer holds the whole burst.
func (r *strategyRun) compare(b bufstrategy.Buffer) error {
	rest := r.payload
	for _, s := range b.Segments() {
		if !bytes.HasPrefix(rest, s) {
			return errors.New("the bytes in the buffer differ from those sent")
		}
		rest = rest[len(s):]
	}
	if len(rest) > 0 {
		return fmt.Errorf("the buffer lacks %d bytes of the burst", len(rest))
	}
	return nil
}

// fill reads until the burst is complete.
func (r *strategyRun) fill(i int, from sources) error {
	b, src := r.list[i], from.Source(i)
	for b.Len() < r.bytes {
		outcome, _, err := bufstrategy.Fill(b, src, r.bytes-b.Len())
		switch outcome {
		case bufstrategy.Drained:
			if err := from.Wait(i); err != nil {
				return err
			}
		case bufstrategy.Budget:
		default:
			if b.Len() < r.bytes {
				return fmt.Errorf("%v after %d bytes: %w", outcome, b.Len(), err)
			}
		}
	}
	return nil
}

// table prints the rows of one kind of sources.
func (b measurement) table(out io.Writer, kind string, rows []Row) error {
	fmt.Fprintf(out, "burst: %d B for each of %d connections, %s, at most %s unread at once\n", b.bytes, b.conns, kind, memory.Format(float64(b.live)))
	t := report.NewTable(out)
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
