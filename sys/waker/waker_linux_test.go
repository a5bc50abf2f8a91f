package waker

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

func TestAFullCounterStillGivesAnEdge(t *testing.T) {
	w, err := Open(Eventfd)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ep, err := sys.EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(ep)
	var full [8]byte
	binary.NativeEndian.PutUint64(full[:], math.MaxUint64-1)
	if _, err := sys.Write(w.Handle(), full[:]); err != nil {
		t.Fatal(err)
	}
	if err := sys.EpollAdd(ep, w.Handle(), sys.EpollIn|sys.EpollEdge, 1); err != nil {
		t.Fatal(err)
	}
	events := make([]sys.EpollEvent, 1)
	for _, want := range []int{1, 0} {
		if n, err := sys.EpollWait(ep, events, 0); n != want || err != nil {
			t.Fatalf("EpollWait before Signal: got %d, %v, want %d", n, err, want)
		}
	}
	if err := w.Signal(); err != nil {
		t.Fatal(err)
	}
	if n, err := sys.EpollWait(ep, events, 0); n != 1 || err != nil {
		t.Errorf("EpollWait after Signal: got %d, %v, want 1", n, err)
	}
}
