package iocp

import (
	"bytes"
	"runtime"
	"testing"
	"weak"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestCloseWithAThousandOperations(t *testing.T) {
	const sockets = 250
	q := opened(t)
	buffers, err := q.NewBuffers(4, 16)
	must(t, err)
	l, addr := listener(t, sys.IPv4)
	var peers []sys.Handle
	memory := make([][]byte, sockets)
	for i := range memory {
		a, b := pair(t)
		peers = append(peers, b)
		memory[i] = make([]byte, 64)
		submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: memory[i]})
		submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: b, Buffers: buffers, Multi: true})
		submit(t, q, queue.Op{Kind: queue.OpPoll, Handle: a, Interest: queue.Readable})
		submit(t, q, queue.Op{Kind: queue.OpAccept, Handle: l})
	}
	var clients []sys.Handle
	for range 4 { // some accepts complete, and no Wait takes their packets
		c, err := sys.Socket(sys.IPv4)
		must(t, err)
		if err := sys.Connect(c, addr); err != nil && sys.ClassOf(err) != sys.ClassInProgress {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	for _, b := range peers[:sockets/2] {
		send(t, b)
	}
	must(t, q.Close())
	for i := range memory {
		for j := range memory[i] {
			memory[i][j] = 0xa5
		}
	}
	for _, b := range peers {
		send(t, b)
	}
	for i := range memory {
		if !bytes.Equal(memory[i], bytes.Repeat([]byte{0xa5}, 64)) {
			t.Fatalf("memory %d changed after Close", i)
		}
	}
	if buffers.Lent() != 0 {
		t.Errorf("got %d buffers lent, want 0", buffers.Lent())
	}
	// An accepted socket that stayed open would keep its connection alive.
	must(t, sys.Close(l))
	other := opened(t)
	for _, c := range clients {
		submit(t, other, queue.Op{Kind: queue.OpRecv, Handle: c, Data: make([]byte, 1)})
		if e := completion(t, other); e.Result > 0 {
			t.Errorf("got %+v, want an end or a reset", e)
		}
		must(t, sys.Close(c))
	}
}

func TestMemoryOfAnOperationThatDoesNotEndIsKept(t *testing.T) {
	q := opened(t)
	a, _ := pair(t)
	memory := new([64]byte)
	collected := weak.Make(memory)
	submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: memory[:]})
	q.abandoned = true // the packets cannot be taken
	port := q.port
	if err := q.Close(); err == nil {
		t.Error("close: got no error, want one that counts the operation")
	}
	q, memory = nil, nil
	for range 5 {
		runtime.GC()
	}
	if collected.Value() == nil {
		t.Error("the memory of the operation was collected")
	}
	must(t, sys.CloseObject(port))
}
