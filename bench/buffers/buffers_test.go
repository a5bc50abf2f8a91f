package buffers

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/benchtest"
	"github.com/stretchr/testify/require"
)

// Every subject hands over every byte of every workload, in order. A benchmark that loses bytes is
// worthless.
func TestEveryByteArrives(t *testing.T) {
	const conns = 300
	list, err := some(Workloads(), conns)
	require.NoError(t, err)
	for _, w := range list {
		seed := rand.Uint64()
		// Few connections, so that each buffer is filled several times, or with tiny messages at
		// least more than once. The idle workload keeps its many connections. The plain run has
		// half of the bytes on half of the connections, which fills each buffer as often.
		few := benchtest.Extent(2, 4)
		bytes := uint64(few) * 3 << 16
		switch w.name {
		case "tiny":
			w.conns, bytes = 1, 48<<10
		case "idle":
		default:
			w.conns = min(w.conns, few)
		}
		p := w.plan(seed)
		for _, s := range Subjects() {
			t.Run(w.name+"/"+s.Name, func(t *testing.T) {
				trial, err := newTrial(w, p, s)
				require.NoError(t, err)
				defer func() {
					if err := trial.close(); err != nil {
						t.Error(err)
					}
				}()
				row, err := trial.count(bytes)
				require.NoErrorf(t, err, "seed %d", seed)
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
		trial, err := newTrial(w, p, Subject{Name: name, open: func(workload) (subjectFleet, error) { return l, nil }})
		require.NoError(t, err)
		if _, err := trial.count(1 << 16); err == nil {
			t.Errorf("%s: a check of every byte missed bytes that were not sent", name)
		}
		if _, err := trial.timed(time.Millisecond); err == nil {
			t.Errorf("%s: a turn missed bytes that were not sent", name)
		}
	}
}
