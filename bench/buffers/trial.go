package buffers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"
)

// trial is a subject at a workload.
type trial struct {
	w       workload
	subject Subject
	script  []step
	next    int // next step

	fleet subjectFleet
	conns []conn
	read  []int32 // the position in the tape where each connection reads next
	taken []int32 // the position in the tape where each consumer continues

	source   source
	consumer consumer
}

// plan holds the parameters that all subjects of a workload share.
type plan struct {
	tape   tape
	script []step
}

func (w workload) plan(seed uint64) plan {
	r := newRand(seed)
	t := record(w.framing, w.tape, w.least, w.most, r)
	return plan{t, w.script(w, t, r)}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func newTrial(w workload, p plan, s Subject) (*trial, error) {
	t := &trial{
		w: w, subject: s, script: p.script, conns: make([]conn, w.conns), read: make([]int32, w.conns), taken: make([]int32, w.conns),
		source: source{tape: p.tape.bytes}, consumer: consumer{framing: w.framing, tape: p.tape.bytes},
	}
	var err error
	if t.fleet, err = s.open(w); err != nil {
		return nil, err
	}
	for i := range t.conns {
		if t.conns[i], err = t.fleet.connect(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// close gives back the memory of all buffers.
func (t *trial) close() error {
	var errs []error
	for _, c := range t.conns {
		if c != nil {
			errs = append(errs, c.release())
		}
	}
	return errors.Join(errs...)
}

// step plays one arrival and returns its connection.
func (t *trial) step() (int, error) {
	s := &t.script[t.next]
	if t.next++; t.next == len(t.script) {
		t.next = 0
	}
	if s.start >= 0 {
		t.read[s.conn], t.taken[s.conn] = s.start, s.start
	}
	t.source.at, t.source.ready, t.consumer.at = int(t.read[s.conn]), int(s.bytes), int(t.taken[s.conn])
	c := t.conns[s.conn]
	if err := c.turn(&t.source, &t.consumer); err != nil {
		return 0, err
	}
	if t.source.ready > 0 {
		return 0, fmt.Errorf("%d bytes have arrived and were not read", t.source.ready)
	}
	t.read[s.conn], t.taken[s.conn] = int32(t.source.at), int32(t.consumer.at)
	if s.idle {
		if t.source.at != t.consumer.at {
			return 0, errors.New("messages have arrived and were not handed over")
		}
		return int(s.conn), c.idle()
	}
	return int(s.conn), nil
}

// count plays the script up to bytesMax, checks every byte, and counts what can be counted. It
// first plays the same amount without counting, to exclude start-up costs.
func (t *trial) count(bytesMax uint64) (Row, error) {
	t.consumer.whole = true
	defer func() { t.consumer.whole = false }()
	for steps := 0; steps < len(t.script) && t.consumer.bytes < bytesMax; steps++ {
		if _, err := t.step(); err != nil {
			return Row{}, err
		}
	}
	before := t.copied()
	t.consumer.bytes, t.source.calls = 0, 0
	held := make([]int, len(t.conns))
	sum, steps, most, total := 0, 0, 0, 0.0
	for i, c := range t.conns {
		held[i], _ = c.held() // some hold memory from the start
		sum += held[i]
	}
	for steps < len(t.script) && t.consumer.bytes < bytesMax {
		i, err := t.step()
		if err != nil {
			return Row{}, err
		}
		now, peak := t.conns[i].held()
		sum += now - held[i]
		held[i] = now
		most = max(most, peak)
		total += float64(t.fleet.memory(sum))
		steps++
	}
	return Row{
		Workload: t.w.name, Subject: t.subject.Name, Peer: t.subject.Peer, Bytes: t.consumer.bytes,
		Copied:       float64(t.copied()-before) / float64(t.consumer.bytes),
		Reads:        float64(t.source.calls) / (float64(t.consumer.bytes) / (1 << 20)),
		ResidentMean: total / float64(steps) / float64(len(t.conns)), PeakResident: most,
	}, t.consumer.check()
}

func (t *trial) copied() (n uint64) {
	for _, c := range t.conns {
		n += c.copied()
	}
	return n
}

// clockSteps is the number of arrivals between two readings of the clock.
const clockSteps = 16

// turn is the result of a timed turn.
type turn struct {
	elapsed         time.Duration
	messages, bytes uint64
	allocs          uint64
}

// timed plays for d, after a short warm-up that does not count.
func (t *trial) timed(d time.Duration) (turn, error) {
	runtime.GC() // garbage of other subjects must not be collected during this turn
	if err := t.play(d / 10); err != nil {
		return turn{}, err
	}
	var before, after runtime.MemStats
	t.consumer.messages, t.consumer.bytes = 0, 0
	runtime.ReadMemStats(&before)
	began := time.Now()
	err := t.play(d)
	elapsed := time.Since(began)
	runtime.ReadMemStats(&after)
	if err == nil {
		err = t.consumer.check()
	}
	return turn{elapsed, t.consumer.count(), t.consumer.bytes, after.Mallocs - before.Mallocs}, err
}

func (t *trial) play(d time.Duration) error {
	for began := time.Now(); time.Since(began) < d; {
		for range clockSteps {
			if _, err := t.step(); err != nil {
				return err
			}
		}
	}
	return nil
}
