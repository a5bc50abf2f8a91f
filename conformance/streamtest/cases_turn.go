package streamtest

import (
	"bytes"
	"errors"
	"io"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// These are the writers of a case about turns, and the size of each of their writes.
const (
	turnWriters = 4
	turnBytes   = 256 << 10
)

func turnCases() []Case {
	return []Case{{
		ID: "turn/whole", Doc: "stream",
		Rule: "Writes of several callers are sent whole, one after the other. A caller that can neither be suspended nor block gets ErrBusy " +
			"at once, without disturbing the first.",
		Source:  "bytes of concurrent writers that mix; a lock held across a suspension that stops the loop",
		Needs:   []Feature{Turns},
		Run:     in(wholeWrites),
		Refused: in(busy),
	}}
}

func wholeWrites(w *world) {
	c, peer := w.pair()
	w.small(c)
	var writers []*pending[result]
	for i := range turnWriters {
		writers = append(writers, w.write(c, bytes.Repeat([]byte{byte(i)}, turnBytes)))
	}
	got := make([]byte, turnWriters*turnBytes)
	_, err := io.ReadFull(w.from(peer), got)
	w.check(err, "peer's read")
	for at := 0; at < len(got); at += turnBytes {
		// A loop over the bytes would take long under the race detector.
		if same := bytes.Count(got[at:at+turnBytes], got[at:at+1]); same != turnBytes {
			w.Fatalf("of %d bytes from byte %d, %d are of a different writer than the first", turnBytes, at, turnBytes-same)
		}
	}
	for _, p := range writers {
		if r := p.get(); r.n != turnBytes || r.err != nil {
			w.Errorf("write: %v", r)
		}
	}
}

func busy(w *world) {
	c, peer := w.pair()
	w.small(c)
	n := w.waits(sys.Readable)
	reader := w.read(c, 64)
	w.waiting(sys.Readable, n)
	if got := w.read(c, 64).get(); !errors.Is(got.err, stream.ErrBusy) {
		w.Errorf("second reader: got %v, want ErrBusy", got)
	}
	_, err := io.WriteString(peer, "mine")
	w.check(err, "peer's write")
	if got := reader.get(); string(got.data) != "mine" || got.err != nil {
		w.Errorf("first reader: got %v, want mine", got)
	}
	n = w.waits(sys.Writable)
	writer := w.write(c, make([]byte, bulk))
	w.waiting(sys.Writable, n)
	if got := w.write(c, []byte("a")).get(); !errors.Is(got.err, stream.ErrBusy) || got.n != 0 {
		w.Errorf("second writer: got %v, want ErrBusy", got)
	}
	_, err = io.ReadFull(w.from(peer), make([]byte, bulk))
	w.check(err, "peer's read")
	if got := writer.get(); got.n != bulk || got.err != nil {
		w.Errorf("first writer: got %v", got)
	}
}
