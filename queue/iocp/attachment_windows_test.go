package iocp

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestAHandleOfAnotherPortIsAnErrorOfTheOperation(t *testing.T) {
	q, other := opened(t), opened(t)
	a, b := pair(t)
	send(t, b)
	submit(t, other, queue.Op{Kind: queue.OpRecv, Handle: a, Data: make([]byte, 1)})
	if e := completion(t, other); e.Result != 1 {
		t.Errorf("got %+v, want a byte", e)
	}
	submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: make([]byte, 1)})
	if e := completion(t, q); e.Err() != errAttached {
		t.Errorf("got %v, want %v", e.Err(), errAttached)
	}
}

// A number that another socket gets is attached again, and its properties are read anew.
func TestANumberThatIsUsedAgainIsAttachedAgain(t *testing.T) {
	q := opened(t)
	again := false
	seen := map[sys.Handle]bool{}
	for range 20 {
		a, b, err := sys.SocketPair()
		must(t, err)
		again = again || seen[a]
		seen[a] = true
		send(t, b)
		submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: make([]byte, 1)})
		if e := completion(t, q); e.Result != 1 {
			t.Fatalf("got %+v: %v, want a byte", e, e.Err())
		}
		must(t, errors.Join(sys.Close(a), sys.Close(b)))
	}
	if !again {
		t.Log("the system did not use a number again")
	}
}
