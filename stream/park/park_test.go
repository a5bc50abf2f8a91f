package park

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

func TestAWaitAllocatesNothing(t *testing.T) {
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	if _, err := sys.Send(b, []byte{1}); err != nil {
		t.Fatal(err)
	}
	r, err := Waiter{}.Register(a)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		if err := r.Wait(sys.Readable, deadline); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per wait, want 0", n)
	}
}
