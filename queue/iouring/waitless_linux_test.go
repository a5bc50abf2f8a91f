package iouring

import (
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// TestAFullRingIsNotTakenForAFileThatWakesNobody fills the ring, so that the kernel ends the
// lasting polls of pipes.
func TestAFullRingIsNotTakenForAFileThatWakesNobody(t *testing.T) {
	const pipes = 8
	q := opened(t, Options{}, 4, 4)
	if q == nil {
		return
	}
	var writers [pipes]sys.Handle
	for i := range pipes {
		r, w, err := sys.Pipe()
		must(t, err)
		t.Cleanup(func() { sys.Close(r); sys.Close(w) })
		must(t, q.Add(r, queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: queue.Edge}))
		writers[i] = w
	}
	events := make([]queue.Event, 1) // room for one event, so that the others stay in the ring
	for round := range 20 {
		for _, w := range writers {
			_, err := sys.Write(w, []byte{1})
			must(t, err)
		}
		seen := map[queue.Token]bool{}
		for len(seen) < pipes {
			n, err := q.Wait(events, patience)
			must(t, err)
			if n == 0 {
				t.Fatalf("round %d: %d of %d pipes were reported, want all", round, len(seen), pipes)
			}
			seen[events[0].Token] = true
		}
	}
}

func TestAFileThatWakesNobodyIsReportedOnceForEachRegistration(t *testing.T) {
	q := opened(t, Options{}, submissions, completions)
	if q == nil {
		return
	}
	f, err := os.Open("/proc/sys/kernel/pid_max")
	must(t, err)
	defer f.Close()
	h, r := sys.Handle(f.Fd()), queue.Registration{Interest: queue.Both, Mode: queue.Edge}
	must(t, q.Add(h, r))
	events := make([]queue.Event, 4)
	for range 3 {
		for i, want := range []int{1, 0, 0} {
			if n, err := q.Wait(events, 0); n != want || err != nil {
				t.Errorf("Wait %d: got %d events, %v, want %d", i, n, err, want)
			}
		}
		must(t, q.Modify(h, r))
	}
}
