package queuefault

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// scripted reports the same batch in every Wait.
type scripted struct {
	queue.Queue
	batch []queue.Event
}

func (s scripted) Add(sys.Handle, queue.Registration) error           { return nil }
func (s scripted) Delete(sys.Handle) error                            { return nil }
func (s scripted) Features() queue.Features                           { return queue.Features{Nested: true} }
func (s scripted) WouldBlock(sys.Handle, queue.Interest) error        { return nil }
func (s scripted) Wait(e []queue.Event, _ time.Duration) (int, error) { return copy(e, s.batch), nil }

// count runs a queue with one registration for that many waits. It returns how many events of the
// token they report, and how often each direction.
func count(t *testing.T, faults Faults, m queue.Mode, waits int) (events, readable, writable int) {
	t.Helper()
	q := New(scripted{batch: []queue.Event{{Token: 1, Ready: queue.Ready(queue.Both)}}}, faults, 1)
	if err := q.Add(3, queue.Registration{Token: 1, Interest: queue.Both, Mode: m}); err != nil {
		t.Fatal(err)
	}
	batch := make([]queue.Event, 4)
	for range waits {
		n, err := q.Wait(batch, 0)
		if err != nil {
			t.Fatal(err)
		}
		events += n
		for _, e := range batch[:n] {
			if e.Ready&queue.Ready(queue.Readable) != 0 {
				readable++
			}
			if e.Ready&queue.Ready(queue.Writable) != 0 {
				writable++
			}
		}
	}
	return events, readable, writable
}

func TestEachFaultHappensAndHasItsSize(t *testing.T) {
	const waits = 1000
	for _, c := range []struct {
		name     string
		faults   Faults
		mode     queue.Mode
		min, max int // events
	}{
		{"none", 0, queue.Edge, waits, waits},
		{"split", Split, queue.Edge, waits + waits/4, 2*waits - 1},
		{"drop", Drop, queue.Edge, waits / 2, waits - waits/8},
		{"drop spares levels", Drop, queue.Level, waits, waits},
		{"reorder", Reorder | Shorten, queue.Edge, waits, waits},
	} {
		events, readable, writable := count(t, c.faults, c.mode, waits)
		if events < c.min || events > c.max {
			t.Errorf("%s: got %d events in %d waits, want %d to %d", c.name, events, waits, c.min, c.max)
		}
		if readable != writable {
			t.Errorf("%s: reading was reported %d times and writing %d times, want the same", c.name, readable, writable)
		}
	}
}

func TestTheSameSeedMakesTheSameChoices(t *testing.T) {
	a1, a2, a3 := count(t, Drop|Split|Spurious, queue.Edge, 500)
	b1, b2, b3 := count(t, Drop|Split|Spurious, queue.Edge, 500)
	if a1 != b1 || a2 != b2 || a3 != b3 {
		t.Errorf("got %d %d %d, and then %d %d %d", a1, a2, a3, b1, b2, b3)
	}
}

func TestMergeKeepsWhatWasSaid(t *testing.T) {
	events := []queue.Event{
		{Token: 1, Ready: queue.Ready(queue.Readable), Disarmed: queue.Readable}, {Token: 2, Ready: queue.ReadyError},
		{Token: 1, Ready: queue.Ready(queue.Writable), Disarmed: queue.Writable},
	}
	n := merge(events)
	if n != 2 || events[0] != (queue.Event{Token: 1, Ready: queue.Ready(queue.Both), Disarmed: queue.Both}) {
		t.Errorf("got %d events, the first is %+v, want 2 with both directions in the first", n, events[0])
	}
}

func TestADeletedRegistrationIsReportedOnlyByStale(t *testing.T) {
	for _, faults := range []Faults{Legal, Stale} {
		q := New(scripted{}, faults, 1)
		reports := 0
		for i := range 200 {
			h := sys.Handle(i + 1)
			if err := q.Add(h, queue.Registration{Token: 7, Interest: queue.Readable}); err != nil {
				t.Fatal(err)
			}
			if err := q.Delete(h); err != nil {
				t.Fatal(err)
			}
			var one [1]queue.Event
			n, err := q.Wait(one[:], 0)
			if err != nil {
				t.Fatal(err)
			}
			reports += n
		}
		if (reports > 0) != (faults == Stale) {
			t.Errorf("faults %#x: got %d reports after Delete, want some only with Stale", faults, reports)
		}
	}
}
