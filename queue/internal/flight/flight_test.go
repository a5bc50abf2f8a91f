package flight

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestAnIDNamesOneOperation(t *testing.T) {
	table := New[int](2)
	first, s := table.Put(&queue.Op{Kind: queue.OpPoll, Token: 7})
	s.Extra = 5
	if got := table.Of(first); got == nil || got.Token != 7 || got.Extra != 5 || got.Kind != queue.OpPoll {
		t.Errorf("Of: got %+v, want the operation with token 7", got)
	}
	table.Drop(first)
	second, s := table.Put(&queue.Op{Kind: queue.OpPoll})
	if second == first || Index(second) != Index(first) || s.Extra != 0 {
		t.Errorf("got id %x after %x with %d, want the same slot, empty, in another generation", second, first, s.Extra)
	}
	if table.Of(first) != nil || table.Of(second) == nil {
		t.Error("want the second id in flight, and the first not")
	}
	for _, id := range []queue.OpID{0, ID(9, 1), ID(0, 0)} {
		if table.Of(id) != nil {
			t.Errorf("Of(%x): got an operation, want nil", id)
		}
	}
	table.slot(0).generation = 1<<32 - 1
	last, _ := table.At(0)
	table.Drop(last)
	if id, _ := table.Put(&queue.Op{}); Generation(id) != 1 {
		t.Errorf("got generation %d after the highest, want 1", Generation(id))
	}
}

func TestTheTableIsBounded(t *testing.T) {
	table := New[struct{}](2)
	var ids []queue.OpID
	for range 2 {
		if err := table.Room(1); err != nil {
			t.Fatal(err)
		}
		id, _ := table.Put(&queue.Op{})
		ids = append(ids, id)
	}
	if err := table.Room(1); !errors.Is(err, queue.ErrFull) {
		t.Errorf("Room: got error %v, want ErrFull", err)
	}
	table.Drop(ids[0])
	if err := table.Room(1); err != nil || table.Len() != 1 || table.Slots() != 2 {
		t.Errorf("after Drop: got error %v, %d operations, %d slots; want nil, 1, 2", err, table.Len(), table.Slots())
	}
	if id, op := table.At(0); id != 0 || op != nil {
		t.Errorf("At(0): got %x, %v; want a free slot", id, op)
	}
}

func TestSlotsDoNotMove(t *testing.T) {
	table := New[struct{}](0)
	first, s := table.Put(&queue.Op{Kind: queue.OpPoll, Token: 7})
	for i := range 3 * opsPerPage {
		id, other := table.Put(&queue.Op{Kind: queue.OpPoll, Token: queue.Token(i)})
		if table.Of(id) != other || other.Token != queue.Token(i) {
			t.Fatalf("operation %d is not found", i)
		}
	}
	if table.Of(first) != s || s.Token != 7 {
		t.Error("the first operation has moved")
	}
	if n := table.Slots(); n != 3*opsPerPage+1 {
		t.Errorf("got %d slots, want %d", n, 3*opsPerPage+1)
	}
}

// A mechanism with many idle connections keeps 6 bytes of its own per operation.
func TestAnOperationIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Op[[3]uint16]{}); n > 24 {
		t.Errorf("got %d bytes, want at most 24", n)
	}
}

type noBuffers struct{ queue.Buffers }

func TestCheckRefusesWhatIsNoOperation(t *testing.T) {
	data, message := []byte{0}, &sys.Message{}
	for _, op := range []queue.Op{
		{Kind: queue.OpRecv, Data: data},
		{Kind: queue.OpRecv, Vector: [][]byte{nil, data}},
		{Kind: queue.OpRecv, Buffers: noBuffers{}, Multi: true},
		{Kind: queue.OpSend, Data: data, ZeroCopy: true},
		{Kind: queue.OpConnect, Message: message},
		{Kind: queue.OpAccept, Multi: true}, {Kind: queue.OpPoll, Multi: true}, {Kind: queue.OpClose}, {Kind: queue.OpTimeout},
	} {
		if err := Check(&op); err != nil {
			t.Errorf("Check(%+v): got error %v, want nil", op, err)
		}
	}
	for _, op := range []queue.Op{
		{}, {Kind: queue.OpTimeout + 1},
		{Kind: queue.OpRecv}, {Kind: queue.OpRecv, Data: data, Buffers: noBuffers{}}, {Kind: queue.OpRecv, Data: data, Multi: true},
		{Kind: queue.OpSend}, {Kind: queue.OpSend, Vector: [][]byte{nil}}, {Kind: queue.OpSend, Data: data, Buffers: noBuffers{}},
		{Kind: queue.OpSend, Vector: make([][]byte, sys.MaxSegments+1), Data: data},
		{Kind: queue.OpSendMessage}, {Kind: queue.OpConnect}, {Kind: queue.OpPoll, Interest: queue.Both + 1},
		{Kind: queue.OpTimeout, After: -1}, {Kind: queue.OpAccept, ZeroCopy: true}, {Kind: queue.OpTimeout, Multi: true},
	} {
		if err := Check(&op); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("Check(%+v): got error %v, want ErrInvalid", op, err)
		}
	}
}

func TestCheckChain(t *testing.T) {
	poll := queue.Op{Kind: queue.OpPoll}
	multi := queue.Op{Kind: queue.OpPoll, Multi: true}
	if err := CheckChain([]queue.Op{poll, poll}, make([]queue.OpID, 2)); err != nil {
		t.Errorf("got error %v, want nil", err)
	}
	for _, c := range [][]queue.Op{{}, {poll}, {poll, multi}, {poll, {}}} {
		if err := CheckChain(c, make([]queue.OpID, 2)); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("chain of %d: got error %v, want ErrInvalid", len(c), err)
		}
	}
}
