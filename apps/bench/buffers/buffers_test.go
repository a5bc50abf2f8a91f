package buffers

import (
	"math/rand/v2"
	"testing"
)

// Every subject hands over every byte of every workload, in order; a benchmark that loses bytes is worth nothing.
func TestEveryByteArrives(t *testing.T) {
	const conns, bytes = 300, 3 << 20
	list, err := some(Workloads(), conns)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		seed := rand.Uint64()
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
				// What has been read and not handed over are parts of messages.
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
