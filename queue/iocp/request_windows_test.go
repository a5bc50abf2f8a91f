package iocp

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func TestWhatThePollFindsAndAsksFor(t *testing.T) {
	const always = sys.AFDAbort | sys.AFDConnectFail | sys.AFDLocalClose
	const reading = sys.AFDReceive | sys.AFDAccept | sys.AFDDisconnect
	for armed, want := range map[queue.Interest]uint32{
		queue.None: always, queue.Readable: always | reading, queue.Writable: always | sys.AFDSend, queue.Both: always | reading | sys.AFDSend,
	} {
		if got := askFor(armed); got != want {
			t.Errorf("askFor(%v) = %#x, want %#x", armed, got, want)
		}
	}
	readable, writable, both := queue.Ready(queue.Readable), queue.Ready(queue.Writable), queue.Ready(queue.Both)
	for found, want := range map[uint32]queue.Ready{
		sys.AFDReceive:    readable,
		sys.AFDAccept:     readable,
		sys.AFDSend:       writable,
		sys.AFDDisconnect: readable | queue.ReadyPeerShut,
		sys.AFDReceive | sys.AFDSend | sys.AFDDisconnect: both | queue.ReadyPeerShut,
		sys.AFDAbort:       both | queue.ReadyHangUp,
		sys.AFDConnectFail: both | queue.ReadyError,
		sys.AFDConnect:     0,
	} {
		if got := readyOf(found); got != want {
			t.Errorf("readyOf(%#x) = %#x, want %#x", found, uint8(got), uint8(want))
		}
	}
}

// bytesOf returns the memory of the poll of slot i.
func bytesOf(q *instance, i int32) []byte {
	p := q.polls.poll(i)
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p))
}

func TestMemoryOfAPollIsLeftAloneUntilItsPacketHasCome(t *testing.T) {
	q := opened(t)
	for round := range 50 {
		a, b := pair(t)
		must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable}))
		wait(t, q, 0)
		i := q.polls.byHandle[a]
		if round%2 == 0 {
			send(t, b) // the poll may complete before it is canceled
		}
		must(t, q.Delete(a))
		if s := q.polls.slots[i]; s.Extra.state != canceling || s.Registered() {
			t.Fatalf("after Delete with a poll under way: got state %d, registered %v; want canceling, false", s.Extra.state, s.Registered())
		}
		must(t, q.Add(a, queue.Registration{Token: 2, Interest: queue.Writable}))
		if again := q.polls.byHandle[a]; again == i {
			t.Fatal("another registration got the slot while its poll is under way")
		}
		for _, e := range wait(t, q, patience) {
			if e.Token != 2 {
				t.Errorf("token %d was reported after Delete", e.Token)
			}
		}
		must(t, q.Delete(a))
		for q.polls.underWay > 0 {
			must(t, q.Wake())
			wait(t, q, patience)
		}
		// The system does not write to free memory.
		memory := bytesOf(q, i)
		for j := range memory {
			memory[j] = 0xa5
		}
		must(t, sys.Close(b)) // would be an event if the poll had survived
		must(t, q.Wake())
		wait(t, q, patience)
		for j, c := range memory {
			if c != 0xa5 {
				t.Fatalf("byte %d of free memory is %#x, want it unchanged", j, c)
			}
		}
	}
	if n := len(q.polls.slots); n != socketsPerDevice {
		t.Errorf("got %d slots, want those of one device", n)
	}
}

func TestReadinessOfTheCancelWindowComesWithTheNewToken(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		for _, wider := range []queue.Interest{queue.Readable, queue.Both} {
			must(t, q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}))
			wait(t, q, 0)
			send(t, b)
			ready(t, a)
			must(t, q.Modify(a, queue.Registration{Token: 2, Interest: wider, Mode: mode}))
			events := wait(t, q, 0)
			if len(events) != 1 || events[0].Token != 2 || events[0].Ready.Directions() != wider {
				t.Errorf("%v: Wait: got %+v, want token 2, %v", mode, events, wider)
			}
			if _, err := sys.Recv(a, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			must(t, q.Delete(a))
		}
	}
}

func TestUsedUpReadinessIsNoEventAfterWouldBlock(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Interest: queue.Readable, Mode: queue.Edge}))
	wait(t, q, 0)
	send(t, b)
	ready(t, a) // now the packet is in the port
	if _, err := sys.Recv(a, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	must(t, q.WouldBlock(a, queue.Readable))
	if events := wait(t, q, 0); len(events) != 0 {
		t.Errorf("Wait: got %+v, want no event", events)
	}
	send(t, b)
	if events := wait(t, q, patience); len(events) != 1 {
		t.Errorf("Wait after an arrival: got %+v, want one event", events)
	}
}

func TestAPollThatSomebodyElseCanceledStartsAgain(t *testing.T) {
	q := opened(t)
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Interest: queue.Readable}))
	wait(t, q, 0)
	i := q.polls.byHandle[a]
	must(t, q.polls.poll(i).Cancel(q.polls.device(i)))
	if events := wait(t, q, 0); len(events) != 0 {
		t.Errorf("Wait: got %+v, want no event", events)
	}
	send(t, b)
	if events := wait(t, q, patience); len(events) != 1 {
		t.Errorf("Wait after an arrival: got %+v, want one event", events)
	}
}

func TestAPollThatCannotStartIsAnErrorOnce(t *testing.T) {
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		q := opened(t)
		a, b, err := sys.SocketPair()
		must(t, err)
		must(t, q.Add(a, queue.Registration{Token: 3, Interest: queue.Both, Mode: mode}))
		must(t, sys.Close(a)) // without Delete, and before the poll has started
		events := wait(t, q, 0)
		if len(events) != 1 || events[0].Token != 3 || events[0].Ready != queue.Ready(queue.Both)|queue.ReadyError {
			t.Errorf("%v: Wait: got %+v, want an error", mode, events)
		}
		if events := wait(t, q, 0); len(events) != 0 {
			t.Errorf("%v: second Wait: got %+v, want no event", mode, events)
		}
		if err := q.Modify(a, queue.Registration{Interest: queue.Both}); err == nil {
			t.Errorf("%v: Modify of a closed handle succeeded, want an error", mode)
		}
		must(t, q.Delete(a))
		must(t, sys.Close(b))
	}
}

func TestRegistrationsThatNoWaitSeesTakeNoMemory(t *testing.T) {
	q := opened(t)
	a, _ := pair(t)
	for range 1000 {
		must(t, q.Add(a, queue.Registration{Interest: queue.Both}))
		must(t, q.Modify(a, queue.Registration{Interest: queue.Readable}))
		must(t, q.Delete(a))
	}
	if n := len(q.polls.slots); n != socketsPerDevice {
		t.Errorf("got %d slots, want those of one device", n)
	}
	if q.polls.first != none || q.polls.last != none || q.polls.underWay != 0 {
		t.Errorf("after Delete: polls due from slot %d to %d, %d under way; want none", q.polls.first, q.polls.last, q.polls.underWay)
	}
}

func TestTurnsDoNotAllocate(t *testing.T) {
	q := opened(t)
	a, _ := pair(t)
	must(t, q.Add(a, queue.Registration{Interest: queue.Both, Mode: queue.Edge}))
	events := make([]queue.Event, 4)
	allocated := testing.AllocsPerRun(50, func() {
		_, _ = q.Wait(events, 0)
		_ = q.WouldBlock(a, queue.Both)
		_, _ = q.Wait(events, 0)
		_ = q.Modify(a, queue.Registration{Interest: queue.Both, Mode: queue.Edge})
		_ = q.Wake()
		_, _ = q.Wait(events, -1)
	})
	if allocated != 0 {
		t.Errorf("got %v allocations per turn, want 0", allocated)
	}
}

func TestEveryBlockedWaitSeesALevel(t *testing.T) {
	const waiters = 3
	q := opened(t)
	a, b := pair(t)
	must(t, q.Add(a, queue.Registration{Interest: queue.Readable}))
	got := make(chan int, waiters)
	for range waiters {
		go func() {
			n, err := q.Wait(make([]queue.Event, 1), patience)
			if err != nil {
				t.Error(err)
			}
			got <- n
		}()
	}
	for blocked := 0; blocked < waiters; runtime.Gosched() {
		q.Mu.Lock()
		blocked = q.blocked
		q.Mu.Unlock()
	}
	send(t, b) // no task reads it, and no Wait runs a second time
	for range waiters {
		if n := <-got; n != 1 {
			t.Error("a blocked Wait did not report a source that stays ready")
		}
	}
}
