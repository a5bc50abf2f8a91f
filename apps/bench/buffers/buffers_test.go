package buffers

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// Every subject hands over every byte of every workload, in order. A benchmark that loses bytes is
// worthless.
func TestEveryByteArrives(t *testing.T) {
	const conns = 300
	list, err := some(Workloads(), conns)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		seed := rand.Uint64()
		// Few connections, so that each buffer is filled several times, or with tiny messages at
		// least more than once. The idle workload keeps its many connections.
		bytes := uint64(3 << 18)
		switch w.name {
		case "tiny":
			w.conns, bytes = 1, 48<<10
		case "idle":
		default:
			w.conns = min(w.conns, 4)
		}
		p := w.plan(seed)
		for _, s := range Subjects() {
			t.Run(w.name+"/"+s.Name, func(t *testing.T) {
				trial, err := newTrial(w, p, s)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := trial.close(); err != nil {
						t.Error(err)
					}
				}()
				row, err := trial.count(bytes)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				t.Logf("%+v", row)
				// Bytes that were read but not handed over are parts of messages.
				for i := range trial.conns {
					left := int(trial.read[i]-trial.taken[i]+int32(len(p.tape.bytes))) % len(p.tape.bytes)
					if left >= w.most && left > 0 {
						t.Errorf("seed %d: %d bytes were not handed over", seed, left)
					}
				}
				if row.Bytes == 0 || row.ResidentMean < 0 {
					t.Errorf("got %+v", row)
				}
			})
		}
	}
}

// lossy is a buffer that loses a byte of each message, or hands over the bytes of two messages in
// the wrong order.
type lossy struct {
	conn
	swap bool
	p    [2]byte
}

func (l *lossy) connect() (conn, error) { return l, nil }
func (l *lossy) memory(sum int) int     { return sum }
func (l *lossy) held() (int, int)       { return 0, 0 }
func (l *lossy) copied() uint64         { return 0 }
func (l *lossy) release() error         { return nil }

func (l *lossy) turn(s *source, c *consumer) error {
	for s.ready >= 2 {
		s.read(l.p[:])
		if l.swap {
			l.p[0], l.p[1] = l.p[1], l.p[0]
			c.take(l.p[:1])
		}
		c.take(l.p[1:])
	}
	s.read(l.p[:])
	return nil
}

func TestLossIsSeen(t *testing.T) {
	w := workloads()[0]
	p := w.plan(1)
	for name, l := range map[string]*lossy{"lost": {}, "swapped": {swap: true}} {
		trial, err := newTrial(w, p, Subject{Name: name, open: func(workload) (fleet, error) { return l, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trial.count(1 << 16); err == nil {
			t.Errorf("%s: a check of every byte missed bytes that were not sent", name)
		}
		if _, err := trial.timed(time.Millisecond); err == nil {
			t.Errorf("%s: a turn missed bytes that were not sent", name)
		}
	}
}

func TestMemoryThatIsKeptIsSeen(t *testing.T) {
	for _, c := range []struct {
		row  BurstRow
		want [2]string
	}{
		{BurstRow{Start: 0, End: 0, HeapStart: 1000, HeapEnd: 1050 + heapNoise}, [2]string{"PASS", "PASS"}},
		{BurstRow{Start: 0, End: 1, HeapStart: 1000, HeapEnd: 1051 + heapNoise}, [2]string{"FAIL", "FAIL"}},
		{BurstRow{Start: 100, End: 106, HeapStart: 1000, HeapEnd: 900}, [2]string{"FAIL", "PASS"}},
	} {
		got := c.row.Checks("here")
		if got[0].Verdict != c.want[0] || got[1].Verdict != c.want[1] {
			t.Errorf("%+v: got %+v, want %v", c.row, got, c.want)
		}
	}
}

// Every strategy reads a burst completely, in waves, and gives the memory back.
func TestBurst(t *testing.T) {
	b := Burst{Conns: 50, Bytes: 8 << 10, Live: 100 << 10, Names: bufstrategy.Names(), Seed: rand.Uint64(), Progress: t.Logf}
	rows, err := b.Run(t.Context(), b.MemorySources())
	if err != nil {
		t.Fatalf("seed %d: %v", b.Seed, err)
	}
	for _, r := range rows {
		if r.Waves != 5 || r.Peak < 12*b.Bytes || r.Checks("")[0].Verdict != pass {
			t.Errorf("got %+v", r)
		}
	}
}
