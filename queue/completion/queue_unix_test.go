//go:build unix

package completion

import (
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/poll"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// fixture is a queue with the events that its Waits have returned.
type fixture struct {
	*adapter
	t   *testing.T
	got map[queue.Token][]queue.Event
}

// over runs f over a mechanism with native edges, if the system has one, and over one without.
func over(t *testing.T, f func(q *fixture)) {
	for name, open := range map[string]func() (queue.Queue, error){
		"native edges": openNative,
		"poll":         func() (queue.Queue, error) { return poll.New(poll.Options{}) },
	} {
		t.Run(name, func(t *testing.T) {
			below, err := open()
			require.NoError(t, err)
			f(newFixture(t, below, Options{}))
		})
	}
}

func newFixture(t *testing.T, below queue.Queue, o Options) *fixture {
	q, err := New(below, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = q.Close() })
	return &fixture{adapter: q.(*adapter), t: t, got: map[queue.Token][]queue.Event{}}
}

func (f *fixture) submit(op queue.Op) queue.OpID {
	f.t.Helper()
	id, err := f.Submit(&op)
	require.NoError(f.t, err)
	return id
}

func (f *fixture) wait(timeout time.Duration) int {
	f.t.Helper()
	events := make([]queue.Event, 4)
	n, err := f.Wait(events, timeout)
	require.NoError(f.t, err)
	for _, e := range events[:n] {
		f.got[e.Token] = append(f.got[e.Token], e)
	}
	return n
}

// next returns the next event with this token.
func (f *fixture) next(token queue.Token) queue.Event {
	f.t.Helper()
	for len(f.got[token]) == 0 {
		if f.wait(patience) == 0 {
			f.t.Fatalf("token %d: no event within %v; got %v", token, patience, f.got)
		}
	}
	e := f.got[token][0]
	f.got[token] = f.got[token][1:]
	return e
}

// silent fails the test if there is an event with this token.
func (f *fixture) silent(token queue.Token) {
	f.t.Helper()
	for range 3 { // a Wait may use its first look for an event of the queue below alone
		f.wait(0)
	}
	if len(f.got[token]) > 0 {
		f.t.Fatalf("token %d: got %+v, want no event", token, f.got[token])
	}
}

// empty fails the test if the queue has kept anything of a handle or an operation.
func (f *fixture) empty() {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flights.Len()+len(f.byHandle)+f.due.len()+f.done.len()+f.timers.len() > 0 {
		f.t.Errorf("got %d operations, %d handles, %d due, %d done, %d timers; want none",
			f.flights.Len(), len(f.byHandle), f.due.len(), f.done.len(), f.timers.len())
	}
}

func pair(t *testing.T) (a, b sys.Handle) {
	t.Helper()
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = sys.Close(a), sys.Close(b) })
	return a, b
}

func send(t *testing.T, h sys.Handle, s string) {
	t.Helper()
	n, err := sys.Send(h, []byte(s))
	require.NoError(t, err)
	require.Equal(t, len(s), n)
}

// The caller closes a handle after the terminal completions, without a Delete, so nothing of it may
// stay below.
func TestTheLastOperationEndsTheRegistration(t *testing.T) {
	over(t, func(q *fixture) {
		a, b := pair(t)
		room := make([]byte, 8)
		for range 3 {
			q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: room})
			q.silent(1)
			if s := q.byHandle[a]; s == nil || !s.added {
				t.Fatal("want a registration while an operation waits")
			}
			send(t, b, "x")
			require.EqualValues(t, 1, q.next(1).Result)
			q.empty()
		}
		id := q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: room})
		q.silent(1)
		require.NoError(t, q.Cancel(id))
		canceled := q.next(1)
		require.ErrorIs(t, canceled.Err(), queue.ErrCanceled)
		q.empty()
		require.NoError(t, q.below.Add(a, queue.Registration{}), "the handle is free below")
	})
}

func TestAPollCompletesBeforeTheBytesAreReceived(t *testing.T) {
	over(t, func(q *fixture) {
		a, b := pair(t)
		room := make([]byte, 8)
		q.submit(queue.Op{Token: 1, Kind: queue.OpRecv, Handle: a, Data: room})
		q.submit(queue.Op{Token: 2, Kind: queue.OpPoll, Handle: a, Interest: queue.Readable})
		q.submit(queue.Op{Token: 3, Kind: queue.OpPoll, Handle: a}) // for the hang-up
		q.silent(1)
		send(t, b, "x")
		require.EqualValues(t, queue.Readable, q.next(2).Result)
		require.EqualValues(t, 1, q.next(1).Result)
		q.silent(3)
		require.NoError(t, sys.Shutdown(b, sys.ShutBoth))
		if e := q.next(3); queue.Ready(e.Result)&queue.ReadyHangUp == 0 {
			t.Errorf("got result %#x, want ReadyHangUp", e.Result)
		}
		q.empty()
	})
}

// The kernel's buffer never holds all of big, so its send waits at least once.
var big = make([]byte, 4<<20)

// receive takes the bytes of big from h while q sends them.
func (f *fixture) receive(h sys.Handle) {
	f.t.Helper()
	p := make([]byte, 1<<16)
	for left := len(big); left > 0; {
		n, err := sys.Recv(h, p)
		if err == sys.ErrWouldBlock {
			f.wait(0)
			continue
		}
		require.NoError(f.t, err)
		left -= n
	}
}

// The one registration below changes while the caller's stays, in each mode.
func TestOperationsInventNoEventAndLoseNone(t *testing.T) {
	for _, m := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		t.Run(m.String(), func(t *testing.T) { over(t, func(q *fixture) { combine(t, q, m) }) })
	}
}

func combine(t *testing.T, q *fixture, m queue.Mode) {
	const caller, op = 1, 2
	a, b := pair(t)
	r := queue.Registration{Token: caller, Interest: queue.Readable, Mode: m}
	require.NoError(t, q.Add(a, r))
	send(t, b, "x")
	require.EqualValues(t, queue.Readable, q.next(caller).Ready)

	q.submit(queue.Op{Token: op, Kind: queue.OpSend, Handle: a, Data: big})
	q.wait(0)
	if m != queue.Level {
		q.silent(caller)
	}
	q.receive(b)
	require.EqualValues(t, len(big), q.next(op).Result)
	if m == queue.Level {
		q.got[caller] = nil
		require.EqualValues(t, queue.Readable, q.next(caller).Ready, "a level is reported in every Wait")
	} else {
		q.silent(caller)
	}

	p := make([]byte, 8)
	n, err := sys.Recv(a, p)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	q.got[caller] = nil
	require.NoError(t, q.WouldBlock(a, queue.Readable))
	if m == queue.OneShot {
		require.NoError(t, q.Modify(a, r))
	}
	q.silent(caller)
	if m == queue.Level && q.byHandle[a].below.Interest != queue.Readable {
		t.Errorf("got interest %v below, want readable: the writable direction is always ready", q.byHandle[a].below.Interest)
	}
	send(t, b, "y")
	e := q.next(caller)
	require.EqualValues(t, queue.Readable, e.Ready)
	require.Equal(t, m == queue.OneShot, e.Disarmed == queue.Readable)
	require.NoError(t, q.Delete(a))
	q.empty()
}

// An operation outlives the registration that it shared.
func TestDeleteLeavesTheOperations(t *testing.T) {
	for _, m := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		t.Run(m.String(), func(t *testing.T) {
			over(t, func(q *fixture) {
				a, b := pair(t)
				room := make([]byte, 8)
				require.NoError(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Both, Mode: m}))
				q.next(1)
				q.submit(queue.Op{Token: 2, Kind: queue.OpRecv, Handle: a, Data: room})
				q.wait(0)
				q.got[1] = nil
				require.NoError(t, q.Delete(a))
				require.ErrorIs(t, q.Delete(a), queue.ErrNotFound)
				q.silent(1)
				send(t, b, "x")
				require.EqualValues(t, 1, q.next(2).Result)
				q.silent(1)
				q.empty()
			})
		})
	}
}

func TestAnOperationAllocatesNothing(t *testing.T) {
	over(t, func(q *fixture) {
		a, b := pair(t)
		p, events := make([]byte, 8), make([]queue.Event, 4)
		ops := [...]queue.Op{
			{Kind: queue.OpRecv, Handle: a, Data: p}, {Kind: queue.OpSend, Handle: b, Data: p}, {Kind: queue.OpTimeout},
		}
		round := func() {
			for i := range ops {
				if _, err := q.Submit(&ops[i]); err != nil {
					t.Error(err)
				}
				if _, err := q.Wait(events, 0); err != nil {
					t.Error(err)
				}
			}
			for q.flights.Len() > 0 {
				if _, err := q.Wait(events, patience); err != nil {
					t.Error(err)
				}
			}
		}
		round()
		if n := testing.AllocsPerRun(100, round); n > 0 {
			t.Errorf("got %v allocations per round of 3 operations, want 0", n)
		}
	})
}
