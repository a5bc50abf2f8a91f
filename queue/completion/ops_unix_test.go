//go:build unix

package completion

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

var mechs = []string{"epoll", "poll", "iouring"}

type fx struct {
	t *testing.T
	queue.Completer
	got map[queue.Token][]queue.Event
}

func each(t *testing.T, f func(t *testing.T, q *fx)) {
	for _, m := range mechs {
		t.Run(m, func(t *testing.T) {
			below, _, err := auto.New(m)
			require.NoError(t, err)
			q, err := New(below, Options{})
			require.NoError(t, err)
			t.Cleanup(func() { _ = q.Close() })
			f(t, &fx{t, q, map[queue.Token][]queue.Event{}})
		})
	}
}

func (f *fx) submit(op queue.Op) queue.OpID {
	f.t.Helper()
	id, err := f.Submit(&op)
	require.NoError(f.t, err)
	return id
}

func (f *fx) turn(n int, d time.Duration) {
	f.t.Helper()
	events := make([]queue.Event, n)
	m, err := f.Wait(events, d)
	require.NoError(f.t, err)
	for _, e := range events[:m] {
		f.got[e.Token] = append(f.got[e.Token], e)
	}
}

func (f *fx) next(tok queue.Token) queue.Event {
	f.t.Helper()
	until := time.Now().Add(5 * time.Second)
	for len(f.got[tok]) == 0 {
		if time.Now().After(until) {
			f.t.Fatalf("no event for %d; have %v", tok, f.got)
		}
		f.turn(8, 5*time.Second)
	}
	e := f.got[tok][0]
	f.got[tok] = f.got[tok][1:]
	return e
}

func (f *fx) calm() {
	f.t.Helper()
	for range 3 {
		f.turn(8, 0)
	}
	for k, v := range f.got {
		if len(v) > 0 {
			f.t.Fatalf("token %d: unexpected %+v", k, v)
		}
	}
}

func pair(t *testing.T) (a, b sys.Handle) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	t.Cleanup(func() { sys.Close(a); sys.Close(b) })
	return a, b
}

func idle(t *testing.T, q *fx) {
	a := q.Completer.(*adapter)
	if a.flights.Len() != 0 || len(a.byHandle) != 0 || a.due.len() != 0 || a.done.len() != 0 || a.timers.len() != 0 {
		t.Errorf("left: %d flights, %d sources, due %d, done %d, timers %d", a.flights.Len(), len(a.byHandle), a.due.len(), a.done.len(), a.timers.len())
	}
}

func TestOps(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		a, b := pair(t)
		p := make([]byte, 4)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: p})
		q.submit(queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Data: p})
		q.calm()
		q.submit(queue.Op{Token: 3, Kind: queue.OpSend, Handle: b, Vector: [][]byte{nil, []byte("ab"), []byte("cdefg")}})
		require.EqualValues(t, 7, q.next(3).Result)
		require.EqualValues(t, 4, q.next(1).Result)
		require.EqualValues(t, 3, q.next(2).Result)
		// big send
		big := make([]byte, 8<<20)
		for i := range big {
			big[i] = byte(i * 7)
		}
		q.submit(queue.Op{Token: 4, Kind: queue.OpSend, Handle: b, Vector: [][]byte{big[:3], big[3 : 4<<20], big[4<<20:]}})
		room := make([]byte, 1<<16)
		total := 0
		for total < len(big) {
			q.submit(queue.Op{Token: 5, Kind: queue.OpRecv, Handle: a, Data: room})
			n := int(q.next(5).Result)
			require.Equal(t, big[total:total+n], room[:n])
			total += n
		}
		require.EqualValues(t, len(big), q.next(4).Result)
		idle(t, q)
		// EOF
		q.submit(queue.Op{Token: 6, Kind: queue.OpRecv, Handle: a, Data: p})
		q.calm()
		require.NoError(t, sys.Shutdown(b, sys.ShutWriting))
		e := q.next(6)
		require.EqualValues(t, 0, e.Result)
		require.True(t, e.Terminal())
		idle(t, q)
	})
}

func TestBuffersMulti(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		a, b := pair(t)
		bufs, err := q.NewBuffers(2, 4)
		require.NoError(t, err)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Buffers: bufs, Multi: true})
		q.calm()
		require.Zero(t, bufs.Lent())
		sys.Send(b, []byte("abcdef"))
		e := q.next(1)
		require.Equal(t, "abcd", string(bufs.Bytes(e.Buffer)[:e.Result]))
		require.False(t, e.Terminal())
		f := q.next(1)
		require.Equal(t, "ef", string(bufs.Bytes(f.Buffer)[:f.Result]))
		q.calm()
		sys.Send(b, []byte("x"))
		g := q.next(1)
		require.ErrorIs(t, g.Err(), queue.ErrNoBuffers)
		require.True(t, g.Terminal())
		bufs.Return(e.Buffer)
		require.ErrorIs(t, bufs.Close(), queue.ErrBusy)
		bufs.Return(f.Buffer)
		id := q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Buffers: bufs, Multi: true})
		g = q.next(1)
		require.EqualValues(t, 1, g.Result)
		require.NoError(t, q.Cancel(id))
		last := q.next(1)
		require.ErrorIs(t, last.Err(), queue.ErrCanceled)
		require.ErrorIs(t, q.Cancel(id), queue.ErrNotFound)
		bufs.Return(g.Buffer)
		require.NoError(t, bufs.Close())
		idle(t, q)
	})
}

func TestAcceptConnect(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		l, err := sys.Socket(sys.IPv4)
		require.NoError(t, err)
		require.NoError(t, sys.Bind(l, netip.MustParseAddrPort("127.0.0.1:0")))
		require.NoError(t, sys.Listen(l, 16))
		addr, err := sys.LocalAddr(l)
		require.NoError(t, err)
		acc := q.submit(queue.Op{Token: 1, Kind: queue.OpAccept, Handle: l, Multi: true})
		for range 3 {
			c, err := sys.Socket(sys.IPv4)
			require.NoError(t, err)
			q.submit(queue.Op{Token: 2, Kind: queue.OpConnect, Handle: c, Message: &sys.Message{Addr: addr}})
			e := q.next(2)
			require.NoError(t, e.Err())
			s := sys.Handle(q.next(1).Result)
			ids := make([]queue.OpID, 3)
			require.NoError(t, q.SubmitChain([]queue.Op{
				{Token: 3, Kind: queue.OpSend, Handle: s, Data: []byte("hi")},
				{Token: 4, Kind: queue.OpTimeout, After: time.Millisecond},
				{Token: 5, Kind: queue.OpClose, Handle: s},
			}, ids))
			for tok := queue.Token(3); tok <= 5; tok++ {
				require.NoError(t, func() error { e := q.next(tok); return e.Err() }())
			}
			p := make([]byte, 8)
			q.submit(queue.Op{Token: 6, Kind: queue.OpRecv, Handle: c, Data: p})
			require.EqualValues(t, 2, q.next(6).Result)
			q.submit(queue.Op{Token: 6, Kind: queue.OpRecv, Handle: c, Data: p})
			require.EqualValues(t, 0, q.next(6).Result)
			q.submit(queue.Op{Token: 7, Kind: queue.OpClose, Handle: c})
			require.EqualValues(t, 0, q.next(7).Result)
		}
		require.NoError(t, q.Cancel(acc))
		require.ErrorIs(t, func() error { e := q.next(1); return e.Err() }(), queue.ErrCanceled)
		require.NoError(t, sys.Close(l))
		c, _ := sys.Socket(sys.IPv4)
		q.submit(queue.Op{Token: 2, Kind: queue.OpConnect, Handle: c, Message: &sys.Message{Addr: addr}})
		e := q.next(2)
		require.Error(t, e.Err())
		t.Log(e.Err())
		sys.Close(c)
		idle(t, q)
	})
}

func TestChainCancel(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		a, b := pair(t)
		p := make([]byte, 4)
		ids := make([]queue.OpID, 3)
		require.NoError(t, q.SubmitChain([]queue.Op{
			{Token: 1, Kind: queue.OpRecv, Handle: a, Data: p},
			{Token: 2, Kind: queue.OpSend, Handle: a, Data: p},
			{Token: 3, Kind: queue.OpTimeout},
		}, ids))
		q.calm()
		sys.Send(b, []byte("abc"))
		require.EqualValues(t, 3, q.next(1).Result)
		for tok := queue.Token(2); tok <= 3; tok++ {
			e := q.next(tok)
			require.ErrorIs(t, e.Err(), queue.ErrCanceled)
		}
		require.NoError(t, q.SubmitChain([]queue.Op{
			{Token: 1, Kind: queue.OpRecv, Handle: a, Data: p},
			{Token: 2, Kind: queue.OpSend, Handle: a, Data: p},
			{Token: 3, Kind: queue.OpTimeout},
		}, ids))
		q.calm()
		require.NoError(t, q.Cancel(ids[1]))
		e := q.next(3)
		require.ErrorIs(t, e.Err(), queue.ErrCanceled)
		e = q.next(2)
		require.ErrorIs(t, e.Err(), queue.ErrCanceled)
		sys.Send(b, []byte("abcd"))
		require.EqualValues(t, 4, q.next(1).Result)
		idle(t, q)
		q.calm()
	})
}

func TestPollOps(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		a, b := pair(t)
		q.submit(queue.Op{Token: 1, Kind: queue.OpPoll, Handle: a, Interest: queue.Writable})
		require.EqualValues(t, queue.Writable, q.next(1).Result)
		idle(t, q)
		m := q.submit(queue.Op{Token: 2, Kind: queue.OpPoll, Handle: a, Interest: queue.Readable, Multi: true})
		n := q.submit(queue.Op{Token: 4, Kind: queue.OpPoll, Handle: a})
		q.calm()
		p := make([]byte, 4)
		for range 3 {
			sys.Send(b, []byte("x"))
			e := q.next(2)
			require.EqualValues(t, queue.Readable, e.Result)
			require.False(t, e.Terminal())
			q.submit(queue.Op{Token: 3, Kind: queue.OpRecv, Handle: a, Data: p})
			require.EqualValues(t, 1, q.next(3).Result)
			q.got[2] = nil
			q.calm()
		}
		require.NoError(t, q.Cancel(m))
		for {
			e := q.next(2)
			if e.Terminal() {
				require.ErrorIs(t, e.Err(), queue.ErrCanceled)
				break
			}
		}
		_ = n
		sys.Shutdown(b, sys.ShutBoth)
		e := q.next(4)
		t.Logf("%x", e.Result)
		idle(t, q)
	})
}

func TestPipeOps(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		r, w, err := sys.Pipe()
		require.NoError(t, err)
		p := make([]byte, 4)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: r, Data: p})
		q.calm()
		q.submit(queue.Op{Token: 2, Kind: queue.OpSend, Handle: w, Data: []byte("abc")})
		require.EqualValues(t, 3, q.next(1).Result)
		require.EqualValues(t, 3, q.next(2).Result)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: r, Data: p})
		q.calm()
		sys.Close(w)
		require.EqualValues(t, 0, q.next(1).Result)
		sys.Close(r)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: r, Data: p})
		e := q.next(1)
		t.Log(e.Err())
		require.Error(t, e.Err())
		idle(t, q)
	})
}

func TestStress(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		const conns, rounds, waits = 8, 300, 4
		var done sync.WaitGroup
		type conn struct {
			a, b sys.Handle
			p    []byte
		}
		cs := make([]conn, conns)
		done.Add(2 * conns)
		counts := make([]int, 2*conns)
		for i := range cs {
			a, b := pair(t)
			cs[i] = conn{a, b, make([]byte, 16)}
		}
		submit := func(tok int) {
			c := cs[tok/2]
			op := queue.Op{Token: queue.Token(tok), Kind: queue.OpRecv, Handle: c.a, Data: c.p}
			if tok%2 == 1 {
				op = queue.Op{Token: queue.Token(tok), Kind: queue.OpSend, Handle: c.b, Data: []byte("ping")}
			}
			if _, err := q.Submit(&op); err != nil {
				t.Error(err)
			}
		}
		var all sync.WaitGroup
		for range waits {
			all.Go(func() {
				ev := make([]queue.Event, 3)
				for {
					n, err := q.Wait(ev, -1)
					if err != nil {
						if !errors.Is(err, queue.ErrClosed) {
							t.Error(err)
						}
						return
					}
					for _, e := range ev[:n] {
						tok := int(e.Token)
						if tok >= 2*conns {
							continue
						}
						if tok%2 == 0 {
							counts[tok] += int(e.Result)
						} else if counts[tok]++; counts[tok] < rounds {
							submit(tok)
							continue
						}
						if tok%2 == 1 {
							done.Done()
							continue
						}
						if counts[tok] < 4*rounds {
							submit(tok)
						} else {
							done.Done()
						}
					}
				}
			})
		}
		for i := range 2 * conns {
			submit(i)
		}
		for i := range 100 {
			id, err := q.Submit(&queue.Op{Token: 1000, Kind: queue.OpTimeout, After: time.Duration(i%10) * time.Millisecond})
			require.NoError(t, err)
			if i%3 == 0 {
				_ = q.Cancel(id)
			}
		}
		done.Wait()
		require.NoError(t, q.Close())
		all.Wait()
	})
}

func TestTimers(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		begin := time.Now()
		for i := range 10 {
			q.submit(queue.Op{Token: queue.Token(10 - i), Kind: queue.OpTimeout, After: time.Duration(10-i) * time.Millisecond})
		}
		for i := 1; i <= 10; i++ {
			q.next(queue.Token(i))
			if d := time.Since(begin); d < time.Duration(i)*time.Millisecond {
				t.Errorf("early %d: %v", i, d)
			}
		}
		idle(t, q)
	})
}

func TestCombined(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		each(t, func(t *testing.T, q *fx) {
			a, b := pair(t)
			require.NoError(t, q.Add(a, queue.Registration{Token: 100, Interest: queue.Readable, Mode: mode}))
			q.calm()
			sys.Send(b, []byte("x"))
			require.EqualValues(t, queue.Readable, q.next(100).Ready)
			big := make([]byte, 4<<20)
			q.submit(queue.Op{Token: 1, Kind: queue.OpSend, Handle: a, Data: big})
			q.turn(8, 0)
			q.turn(8, 0)
			if mode != queue.Level {
				q.calm()
			}
			q.got[100] = nil
			p := make([]byte, 1<<20)
			for n := 0; n < len(big); {
				m, err := sys.Recv(b, p)
				if err == sys.ErrWouldBlock {
					q.turn(8, 0)
					continue
				}
				require.NoError(t, err)
				n += m
			}
			require.EqualValues(t, len(big), q.next(1).Result)
			if mode != queue.Level {
				q.calm()
			} else {
				for range 3 {
					q.got[100] = nil
					require.EqualValues(t, queue.Readable, q.next(100).Ready)
				}
			}
			m, err := sys.Recv(a, p)
			require.NoError(t, err)
			require.Equal(t, 1, m)
			q.got[100] = nil
			require.NoError(t, q.WouldBlock(a, queue.Readable))
			q.calm()
			if mode == queue.OneShot {
				require.NoError(t, q.Modify(a, queue.Registration{Token: 100, Interest: queue.Readable, Mode: mode}))
				q.calm()
			}
			sys.Send(b, []byte("y"))
			require.EqualValues(t, queue.Readable, q.next(100).Ready)
			require.NoError(t, q.Delete(a))
			q.calm()
			idle(t, q)
		})
	}
}

func TestAllocs(t *testing.T) {
	each(t, func(t *testing.T, q *fx) {
		a, b := pair(t)
		p := make([]byte, 4)
		ev := make([]queue.Event, 4)
		ops := []queue.Op{
			{Token: 1, Kind: queue.OpRecv, Handle: a, Data: p},
			{Token: 2, Kind: queue.OpSend, Handle: b, Data: p},
			{Token: 3, Kind: queue.OpTimeout},
		}
		one := func() {
			q.Submit(&ops[0])
			q.Wait(ev, 0)
			q.Submit(&ops[1])
			q.Submit(&ops[2])
			for n := 0; n < 3; {
				m, _ := q.Wait(ev, -1)
				n += m
			}
		}
		one()
		if n := testing.AllocsPerRun(200, one); n > 0 {
			t.Errorf("%v allocs", n)
		}
	})
}
