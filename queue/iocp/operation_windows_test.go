package iocp

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func submit(t testing.TB, q *instance, op queue.Op) queue.OpID {
	t.Helper()
	id, err := q.Submit(&op)
	require.NoError(t, err)
	return id
}

// completions waits until n completions have arrived.
func completions(t testing.TB, q *instance, n int) []queue.Event {
	t.Helper()
	var all []queue.Event
	for len(all) < n {
		events := wait(t, q, patience)
		if len(events) == 0 {
			t.Fatalf("got %d completions %+v, want %d", len(all), all, n)
		}
		all = append(all, events...)
	}
	return all
}

func completion(t testing.TB, q *instance) queue.Event {
	t.Helper()
	all := completions(t, q, 1)
	if len(all) != 1 || all[0].Completion&queue.Completed == 0 {
		t.Fatalf("got %+v, want one completion", all)
	}
	return all[0]
}

func listener(t testing.TB, f sys.Family) (sys.Handle, netip.AddrPort) {
	t.Helper()
	l, err := sys.Socket(f)
	must(t, err)
	t.Cleanup(func() { _ = sys.Close(l) })
	ip := netip.IPv6Loopback()
	if f == sys.IPv4 {
		ip = netip.MustParseAddr("127.0.0.1")
	}
	must(t, sys.Bind(l, netip.AddrPortFrom(ip, 0)))
	must(t, sys.Listen(l, 16))
	addr, err := sys.LocalAddr(l)
	must(t, err)
	return l, addr
}

func TestReceiveAndSend(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	p := make([]byte, 8)
	submit(t, q, queue.Op{Kind: queue.OpRecv, Token: 1, Handle: a, Data: p})
	if events := wait(t, q, 0); len(events) != 0 {
		t.Fatalf("got %+v before a send, want none", events)
	}
	submit(t, q, queue.Op{Kind: queue.OpSend, Token: 2, Handle: b, Vector: [][]byte{[]byte("he"), nil, []byte("llo")}})
	all := completions(t, q, 2)
	slices.SortFunc(all, func(a, b queue.Event) int { return int(a.Token) - int(b.Token) })
	want := []queue.Event{
		{Token: 1, Completion: queue.Completed, Kind: queue.OpRecv, Result: 5}, {Token: 2, Completion: queue.Completed, Kind: queue.OpSend, Result: 5},
	}
	if !slices.Equal(all, want) || string(p[:5]) != "hello" {
		t.Errorf("got %+v, %q; want %+v", all, p, want)
	}
	must(t, sys.Shutdown(b, sys.ShutWriting))
	submit(t, q, queue.Op{Kind: queue.OpRecv, Handle: a, Data: p})
	if e := completion(t, q); e.Result != 0 {
		t.Errorf("at the end: got %+v, want result 0", e)
	}
}

func TestAcceptAndConnect(t *testing.T) {
	for _, f := range []sys.Family{sys.IPv4, sys.IPv6} {
		q := opened(t)
		l, addr := listener(t, f)
		accept := submit(t, q, queue.Op{Kind: queue.OpAccept, Token: 1, Handle: l, Multi: true})
		for range 3 {
			c, err := sys.Socket(f)
			must(t, err)
			submit(t, q, queue.Op{Kind: queue.OpConnect, Token: 2, Handle: c, Message: &sys.Message{Addr: addr}})
			var s sys.Handle
			for _, e := range completions(t, q, 2) {
				if e.Token == 2 {
					if e.Result != 0 || !e.Terminal() {
						t.Errorf("connect: got %+v: %v", e, e.Err())
					}
					continue
				}
				if e.Result < 0 || e.Completion&queue.More == 0 {
					t.Fatalf("accept: got %+v: %v", e, e.Err())
				}
				s = sys.Handle(e.Result)
			}
			from, err := sys.LocalAddr(c)
			must(t, err)
			if peer, err := sys.PeerAddr(s); peer != from || err != nil {
				t.Errorf("peer of the accepted socket: got %v, %v; want %v", peer, err, from)
			}
			if _, err := sys.Recv(s, make([]byte, 1)); err != sys.ErrWouldBlock {
				t.Errorf("receive: got error %v, want would-block", err)
			}
			must(t, sys.Shutdown(c, sys.ShutWriting))
			must(t, errors.Join(sys.Close(c), sys.Close(s)))
		}
		must(t, q.Cancel(accept))
		if e := completion(t, q); e.Result != queue.ResultCanceled || !e.Terminal() {
			t.Errorf("canceled accept: got %+v", e)
		}
	}
}

func TestConnectRefused(t *testing.T) {
	q := opened(t)
	l, addr := listener(t, sys.IPv4)
	must(t, sys.Close(l))
	c, err := sys.Socket(sys.IPv4)
	must(t, err)
	submit(t, q, queue.Op{Kind: queue.OpConnect, Handle: c, Message: &sys.Message{Addr: addr}})
	if e := completion(t, q); sys.ClassOf(e.Err()) != sys.ClassRefused {
		t.Errorf("got %+v: %v, want refused", e, e.Err())
	}
	submit(t, q, queue.Op{Kind: queue.OpClose, Handle: c})
	if e := completion(t, q); e.Result != 0 || sys.IsObject(c) {
		t.Errorf("close: got %+v, open %v", e, sys.IsObject(c))
	}
}

func TestDatagrams(t *testing.T) {
	for _, control := range []int{0, 64} {
		q := opened(t)
		var sockets [2]sys.Handle
		var addrs [2]netip.AddrPort
		for i := range sockets {
			h, err := sys.UDPSocket(sys.IPv4)
			must(t, err)
			must(t, sys.Bind(h, netip.MustParseAddrPort("127.0.0.1:0")))
			addrs[i], err = sys.LocalAddr(h)
			must(t, err)
			defer sys.Close(h)
			sockets[i] = h
		}
		in := &sys.Message{Buffer: make([]byte, 4), Control: make([]byte, control)}
		for _, early := range []bool{false, true} {
			for _, size := range []int{0, 3, 4, 9} {
				receive := queue.Op{Kind: queue.OpRecvMessage, Token: 1, Handle: sockets[0], Message: in}
				if early {
					submit(t, q, receive)
				}
				submit(t, q, queue.Op{
					Kind: queue.OpSendMessage, Token: 2, Handle: sockets[1], Message: &sys.Message{Buffer: make([]byte, size), Addr: addrs[0]},
				})
				if !early {
					if e := completion(t, q); e.Result != int32(size) || e.Token != 2 {
						t.Errorf("send %d bytes: got %+v: %v", size, e, e.Err())
					}
					submit(t, q, receive)
				}
				for e := range slices.Values(completions(t, q, map[bool]int{true: 2, false: 1}[early])) {
					if e.Token == 1 && (e.Result != int32(min(size, 4)) || in.N != min(size, 4) || in.Truncated != (size > 4) || in.Addr != addrs[1]) {
						t.Errorf("control %d, early %v, receive %d bytes: got %+v, %v, %+v", control, early, size, e, e.Err(), in)
					}
				}
			}
		}
	}
}

func TestPoll(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Token: 9, Interest: queue.Readable, Mode: queue.OneShot}))
	id := submit(t, q, queue.Op{Kind: queue.OpPoll, Token: 1, Handle: a, Interest: queue.Readable})
	if events := wait(t, q, 0); len(events) != 0 {
		t.Fatalf("got %+v, want nothing", events)
	}
	must(t, q.Cancel(id))
	if e := completion(t, q); e.Result != queue.ResultCanceled {
		t.Errorf("got %+v, want canceled", e)
	}
	submit(t, q, queue.Op{Kind: queue.OpPoll, Token: 2, Handle: a, Interest: queue.Readable})
	send(t, b)
	for _, e := range completions(t, q, 2) {
		if e.Token == 2 && queue.Ready(e.Result) != queue.Ready(queue.Readable) || e.Token == 9 && e.Completion != 0 {
			t.Errorf("got %+v, want readable", e)
		}
	}
	multi := submit(t, q, queue.Op{Kind: queue.OpPoll, Token: 3, Handle: a, Interest: queue.Both, Multi: true})
	for range 3 {
		if e := completion(t, q); queue.Ready(e.Result) != queue.Ready(queue.Both) || e.Terminal() {
			t.Errorf("got %+v, want both with more", e)
		}
	}
	must(t, q.Cancel(multi))
	e := completion(t, q)
	for !e.Terminal() {
		e = completion(t, q)
	}
	if q.polls.underWay != 0 || q.operations.table.Len() != 0 {
		t.Errorf("got %d polls, %d operations in flight; want 0", q.polls.underWay, q.operations.table.Len())
	}
}

func TestChain(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	p := make([]byte, 2)
	chain := []queue.Op{
		{Kind: queue.OpRecv, Token: 1, Handle: a, Data: p},
		{Kind: queue.OpSend, Token: 2, Handle: a, Data: []byte("x")},
		{Kind: queue.OpTimeout, Token: 3},
	}
	ids := make([]queue.OpID, 3)
	for _, bytes := range []string{"ab", "a"} {
		must(t, q.SubmitChain(chain, ids))
		if events := wait(t, q, 0); len(events) != 0 {
			t.Fatalf("got %+v, want nothing", events)
		}
		_, err := sys.Send(b, []byte(bytes))
		must(t, err)
		want := []int32{2, 1, 0}
		if len(bytes) < 2 {
			want = []int32{1, queue.ResultCanceled, queue.ResultCanceled}
		}
		for i, e := range completions(t, q, 3) {
			if e.Token != queue.Token(i+1) || e.Result != want[i] {
				t.Errorf("%q: got %+v, want result %d", bytes, e, want[i])
			}
		}
	}
	must(t, q.SubmitChain(chain, ids))
	must(t, q.Cancel(ids[1]))
	if all := completions(t, q, 2); all[0].Result != queue.ResultCanceled || all[1].Result != queue.ResultCanceled {
		t.Errorf("canceled in the middle: got %+v", all)
	}
	must(t, q.Cancel(ids[0]))
	if e := completion(t, q); e.Token != 1 || e.Result != queue.ResultCanceled {
		t.Errorf("got %+v, want the first canceled", e)
	}
}

func TestWhatTheMechanismRefuses(t *testing.T) {
	q, other := opened(t), opened(t)
	a, _ := pair(t)
	named := queue.Op{Kind: queue.OpConnect, Handle: a, Message: &sys.Message{Name: "x"}}
	if _, err := q.Submit(&named); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got error %v, want unsupported", err)
	}
	must(t, other.Close())
	if _, err := other.Submit(&queue.Op{Kind: queue.OpClose}); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("got error %v, want ErrClosed", err)
	}
	for kind, want := range map[queue.OpKind]syscall.Errno{queue.OpPoll: errNotSocket, queue.OpAccept: 0, queue.OpClose: errNotSocket} {
		submit(t, q, queue.Op{Kind: kind, Handle: 1 << 28})
		if e := completion(t, q); e.Result >= 0 || want != 0 && e.Err() != want {
			t.Errorf("%v of no handle: got %+v: %v", kind, e, e.Err())
		}
	}
}

func TestOperationsDoNotAllocate(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	p, x := make([]byte, 8), []byte("x")
	receive, sending := queue.Op{Kind: queue.OpRecv, Handle: a, Data: p}, queue.Op{Kind: queue.OpSend, Handle: b, Data: x}
	events := make([]queue.Event, 4)
	allocated := testing.AllocsPerRun(50, func() {
		_, _ = q.Submit(&receive)
		_, _ = q.Submit(&sending)
		for n := 0; n < 2; {
			got, err := q.Wait(events, patience)
			if err != nil || got == 0 {
				t.Fatal(got, err)
			}
			n += got
		}
	})
	if allocated != 0 {
		t.Errorf("got %v allocations per turn, want 0", allocated)
	}
}

func TestAPeerThatLeavesDoesNotEndAnAccept(t *testing.T) {
	q := opened(t)
	l, addr := listener(t, sys.IPv4)
	connect := func() sys.Handle {
		c, err := sys.Socket(sys.IPv4)
		must(t, err)
		submit(t, q, queue.Op{Kind: queue.OpConnect, Handle: c, Message: &sys.Message{Addr: addr}})
		if e := completion(t, q); e.Result != 0 {
			t.Fatalf("connect: got %+v: %v", e, e.Err())
		}
		return c
	}
	gone := connect()
	must(t, sys.SetLinger(gone, 0))
	must(t, sys.Close(gone)) // before it is accepted
	stays := connect()
	defer sys.Close(stays)
	from, err := sys.LocalAddr(stays)
	must(t, err)
	submit(t, q, queue.Op{Kind: queue.OpAccept, Token: 1, Handle: l, Multi: true})
	for {
		e := completion(t, q)
		if e.Result < 0 || e.Terminal() {
			t.Fatalf("accept: got %+v: %v", e, e.Err())
		}
		h := sys.Handle(e.Result)
		peer, _ := sys.PeerAddr(h) // that of a peer that has left may be unknown
		must(t, sys.Close(h))
		if peer == from {
			return
		}
	}
}

func TestWaitWithRoomForOneEventTakesPacketsToo(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Token: 9, Interest: queue.Readable}))
	send(t, b)
	ready(t, a)
	op := queue.Op{Kind: queue.OpTimeout, Token: 1}
	submit(t, q, op)
	events := make([]queue.Event, 1)
	for range 8 { // each turn has another operation that finishes at once
		n, err := q.Wait(events, patience)
		if n != 1 || err != nil {
			t.Fatalf("got %d events, %v", n, err)
		}
		if events[0].Token == 9 {
			return
		}
		submit(t, q, op)
	}
	t.Error("the readable handle was not reported")
}
