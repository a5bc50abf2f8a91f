package sys

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ring returns nil if the kernel has no io_uring, as under some emulators.
func ring(t *testing.T, submissions, completions, usable uint32) *IoUring {
	t.Helper()
	r, err := openIoUring(submissions, completions, 0, usable)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Logf("io_uring is not available: %v", err)
		return nil
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestIoUringSizesAreTheKernels(t *testing.T) {
	r := ring(t, 5, 60, IoUringSingleMap)
	if r == nil {
		return
	}
	if len(r.requests) != 8 || len(r.done) != 64 || r.Features()&(IoUringNoDrop|IoUringExtArg) == 0 {
		t.Errorf("got %d submissions, %d completions, features %#x; want 8, 64, NoDrop or ExtArg", len(r.requests), len(r.done), r.Features())
	}
}

func TestIoUringTransfersWithOneMappingAndWithTwo(t *testing.T) {
	for name, usable := range map[string]uint32{"one": IoUringSingleMap, "two": 0} {
		r := ring(t, 4, 8, usable)
		if r == nil {
			return
		}
		// There are more rounds than ring entries, so that the indexes wrap.
		for round := range uint64(40) {
			for i := range uint64(4) {
				if !r.Push(IoUringSQE{Opcode: IoUringNop, UserData: round<<32 | i}) {
					t.Fatalf("%s: Push of request %d: got no room", name, i)
				}
			}
			if r.Push(IoUringSQE{}) {
				t.Errorf("%s: Push of a fifth request into a ring of four: got true", name)
			}
			var err error
			if round%2 == 0 {
				err = r.Submit()
			} else {
				err = r.Enter(r.Unsubmitted(), time.Second)
			}
			if err != nil || r.Unsubmitted() != 0 {
				t.Fatalf("%s: submit: %v, %d requests left, want 0", name, err, r.Unsubmitted())
			}
			for i := range uint64(4) {
				if c, ok := r.Peek(); !ok || c != (IoUringCQE{UserData: round<<32 | i}) {
					t.Fatalf("%s: got %+v, %v for completion %d of round %d", name, c, ok, i, round)
				}
				r.Advance()
			}
		}
		if want := map[string]int{"one": 3, "two": 4}[name]; len(r.maps) != want {
			t.Errorf("%s: %d mappings, want %d", name, len(r.maps), want)
		}
	}
}

func TestIoUringKeepsWhatDoesNotFit(t *testing.T) {
	r := ring(t, 4, 4, IoUringSingleMap)
	if r == nil {
		return
	}
	const total = 40
	for i := range uint64(total) {
		if !r.Push(IoUringSQE{Opcode: IoUringNop, UserData: i}) {
			t.Fatal("Push: got no room")
		}
		require.NoError(t, r.Submit())
	}
	if !r.Overflown() {
		t.Error("Overflown: got false, want true")
	}
	for i := range uint64(total) {
		c, ok := r.Peek()
		if !ok {
			require.NoError(t, r.Enter(0, 0))
			c, ok = r.Peek()
		}
		if !ok || c.UserData != i {
			t.Fatalf("got completion %+v, %v; want number %d", c, ok, i)
		}
		r.Advance()
	}
	if r.Overflown() {
		t.Error("Overflown after all completions were taken: got true, want false")
	}
}

func TestIoUringPollsAndTimesOut(t *testing.T) {
	r := ring(t, 4, 4, IoUringSingleMap)
	if r == nil {
		return
	}
	begin := time.Now()
	if err := r.Enter(0, 2*time.Millisecond); err != unix.ETIME && err != unix.EINTR {
		t.Errorf("got %v, want ETIME", err)
	} else if took := time.Since(begin); err == unix.ETIME && took < 2*time.Millisecond {
		t.Errorf("timed out after %v", took)
	}
	a, b, err := SocketPair()
	require.NoError(t, err)
	defer Close(a)
	defer Close(b)
	r.Push(IoUringSQE{Opcode: IoUringPollAdd, Fd: int32(a), OpFlags: IoUringPollMask(uint32(PollIn)), UserData: 1})
	require.NoError(t, r.Submit())
	if _, ok := r.Peek(); ok {
		t.Error("got a completion for a handle that is not ready")
	}
	if _, err := Send(b, []byte("x")); err != nil {
		t.Fatal(err)
	}
	for {
		c, ok := r.Peek()
		if ok {
			if c.UserData != 1 || c.Result&int32(PollIn) == 0 {
				t.Errorf("got completion %+v, want PollIn for request 1", c)
			}
			return
		}
		if err := r.Enter(0, -1); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

func TestIoUringPollMaskIsWhereTheKernelLooks(t *testing.T) {
	// The kernel's first interface had 16 bits where the current one has 32 (poll_events and
	// poll32_events of struct io_uring_sqe).
	e := IoUringSQE{OpFlags: IoUringPollMask(0x12345678)}
	p := (*[unsafe.Sizeof(e)]byte)(unsafe.Pointer(&e))[unsafe.Offsetof(e.OpFlags):]
	if low, high := binary.NativeEndian.Uint16(p), binary.NativeEndian.Uint16(p[2:]); low != 0x5678 || high != 0x1234 {
		t.Errorf("got halves %#x and %#x, want 0x5678 and 0x1234", low, high)
	}
}
