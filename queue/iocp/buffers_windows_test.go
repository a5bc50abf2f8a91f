package iocp

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestReceiveWithBuffers(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	buffers, err := q.NewBuffers(2, 4)
	must(t, err)
	op := queue.Op{Kind: queue.OpRecv, Token: 1, Handle: a, Buffers: buffers, Multi: true}
	submit(t, q, op)
	if len(wait(t, q, 0)) != 0 || buffers.Lent() != 0 {
		t.Fatalf("idle: %d buffers lent, want 0", buffers.Lent())
	}
	if err := buffers.Close(); !errors.Is(err, queue.ErrBusy) {
		t.Errorf("close in use: got error %v, want ErrBusy", err)
	}
	if _, err := sys.Send(b, []byte("abcdefghij")); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, e := range completions(t, q, 3) {
		if e.Completion&queue.Provided == 0 {
			if e.Result != queue.ResultNoBuffers || !e.Terminal() {
				t.Errorf("got %+v, want no buffers", e)
			}
			continue
		}
		got = append(got, buffers.Bytes(e.Buffer)[:e.Result]...)
		buffers.Return(e.Buffer)
	}
	submit(t, q, op)
	must(t, sys.Shutdown(b, sys.ShutWriting))
	for {
		e := completion(t, q)
		if e.Completion&queue.Provided != 0 {
			got = append(got, buffers.Bytes(e.Buffer)[:e.Result]...)
			buffers.Return(e.Buffer)
		}
		if e.Terminal() {
			if e.Result != 0 {
				t.Errorf("got %+v: %v, want the end", e, e.Err())
			}
			break
		}
	}
	if string(got) != "abcdefghij" || buffers.Lent() != 0 {
		t.Errorf("got %q, %d buffers lent", got, buffers.Lent())
	}
	must(t, buffers.Close())
}

func TestCancelReturnsOneCompletionAndLosesNoBytes(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	p := make([]byte, 4)
	buffers, err := q.NewBuffers(1, 4)
	must(t, err)
	for round := range 200 {
		op := queue.Op{Kind: queue.OpRecv, Handle: a, Data: p}
		if round%2 == 0 {
			op.Data, op.Buffers = nil, buffers
		}
		id := submit(t, q, op)
		sent := round%4 < 2
		if sent {
			send(t, b)
		}
		must(t, q.Cancel(id))
		e := completion(t, q)
		if e.Completion&queue.Provided != 0 {
			buffers.Return(e.Buffer)
		}
		if err := q.Cancel(id); !errors.Is(err, queue.ErrNotFound) {
			t.Fatalf("cancel after the completion: got error %v, want ErrNotFound", err)
		}
		switch {
		case e.Result == 1 && sent:
		case e.Result != queue.ResultCanceled:
			t.Fatalf("round %d: got %+v: %v", round, e, e.Err())
		case sent:
			submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: p})
			if e := completion(t, q); e.Result != 1 {
				t.Fatalf("after the cancel: got %+v, want the byte", e)
			}
		}
	}
}
