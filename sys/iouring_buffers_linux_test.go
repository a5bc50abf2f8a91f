package sys

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// next waits for a completion.
func next(t *testing.T, r *IoUring) IoUringCQE {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if err := r.Enter(r.Unsubmitted(), time.Second); err != nil && err != unix.EINTR && err != unix.ETIME {
			t.Fatal(err)
		}
		if c, ok := r.Peek(); ok {
			r.Advance()
			return c
		}
	}
	t.Fatal("no completion")
	return IoUringCQE{}
}

// The tail has 16 bits. There are more rounds than that, so that it wraps.
func TestIoUringBuffersWrap(t *testing.T) {
	r := ring(t, 4, 16, IoUringSingleMap)
	if r == nil || !r.Supports(IoUringSendZC) {
		return
	}
	const count, size, rounds = 4, 8, 1<<16 + 3*4
	b, err := MapIoUringBuffers(count, 5)
	require.NoError(t, err)
	memory := make([]byte, count*size)
	part := func(i uint16) []byte { return memory[int(i)*size : (int(i)+1)*size] }
	for i := range uint16(count) {
		b.Put(i, part(i))
	}
	require.NoError(t, b.Register(r))
	if err := b.Register(r); err != unix.EEXIST {
		t.Errorf("second Register: got %v, want EEXIST", err)
	}
	h, peer, err := SocketPair()
	require.NoError(t, err)
	defer Close(h)
	defer Close(peer)
	for i := range rounds {
		if _, err := Send(peer, []byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
		r.Push(IoUringSQE{Opcode: IoUringRecv, Flags: IoUringBufferSelect, BufferGroup: b.Group(), Fd: int32(h), UserData: 1})
		c := next(t, r)
		number := uint16(c.Flags >> 16)
		if c.Result != 2 || c.Flags&IoUringBuffer == 0 || int(number) != i%count || part(number)[0] != byte(i) || part(number)[1] != byte(i>>8) {
			t.Fatalf("round %d: got completion %+v and bytes % x", i, c, part(number)[:2])
		}
		b.Put(number, part(number))
	}
	require.NoError(t, b.Unregister(r))
	require.NoError(t, b.Close())
}

func TestIoUringTailWordHasTheTailSecond(t *testing.T) {
	word := ringTailWord(0x1234, 0x5678)
	e := ringBuffer{}
	*(*uint32)(unsafe.Pointer(&e.number)) = word
	if e.number != 0x1234 || e.tail != 0x5678 {
		t.Errorf("got number %#x and tail %#x, want 0x1234 and 0x5678", e.number, e.tail)
	}
}

func TestIoUringOfOneThreadRefusesOthers(t *testing.T) {
	r, err := OpenIoUring(4, 8, IoUringSingleIssuer|IoUringDeferTaskrun|IoUringDisabled)
	if err != nil {
		t.Logf("no such ring: %v", err)
		return
	}
	defer r.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, r.Enable())
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- r.Enter(0, 0)
	}()
	if err := <-done; err != unix.EEXIST {
		t.Errorf("Enter of another thread: got %v, want EEXIST", err)
	}
	require.NoError(t, r.Enter(0, 0))
	if r.Supports(IoUringNop, 255) {
		t.Error("Supports(255): got true, want false")
	}
}

func TestIoUringTimeoutsHaveTheirOwnDurations(t *testing.T) {
	r := ring(t, 4, 8, IoUringSingleMap)
	if r == nil {
		return
	}
	for i, d := range []time.Duration{40 * time.Millisecond, 0, 20 * time.Millisecond, time.Hour} {
		if !r.PushTimeout(IoUringSQE{UserData: uint64(i), Fd: -1}, d) {
			t.Fatal("no room")
		}
	}
	if r.PushTimeout(IoUringSQE{}, 0) || r.Room() != 0 {
		t.Error("PushTimeout into a full ring: got true, want false")
	}
	for _, want := range []uint64{1, 2, 0} {
		if c := next(t, r); c.UserData != want || c.Result != -int32(unix.ETIME) {
			t.Errorf("got %+v, want ETIME of timeout %d", c, want)
		}
	}
}
