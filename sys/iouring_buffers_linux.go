package sys

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// IoUringBuffers is a ring of buffers that requests with IoUringBufferSelect take from
// (io_uring_register(2), IORING_REGISTER_PBUF_RING). The ring is in a mapping of its own. Its
// methods must not run concurrently with each other.
type IoUringBuffers struct {
	ring    mapping
	entries []ringBuffer
	group   uint16
	tail    uint16
}

// MapIoUringBuffers maps a ring of the given number of buffers, which is a power of two and at most
// 32768. It is empty until Put, and no ring has it until Register.
//
// Errors: ENOMEM.
func MapIoUringBuffers(count int, group uint16) (*IoUringBuffers, error) {
	m, err := anonymous(uintptr(count) * unsafe.Sizeof(ringBuffer{}))
	if err != nil {
		return nil, err
	}
	return &IoUringBuffers{ring: m, entries: unsafe.Slice((*ringBuffer)(m.at), count), group: group}, nil
}

// Group returns the number of the ring in IoUringSQE.BufferGroup.
func (b *IoUringBuffers) Group() uint16 { return b.group }

// Put passes a buffer to the kernel, which has fewer than all of them. The caller keeps p alive.
func (b *IoUringBuffers) Put(number uint16, p []byte) {
	e := &b.entries[int(b.tail)&(len(b.entries)-1)]
	e.addr, e.size = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), uint32(len(p))
	first := b.entries[0].number
	if e == &b.entries[0] {
		first = number
	} else {
		e.number = number
	}
	b.tail++
	// The kernel loads the tail, which has 16 bits, with acquire order. Package sync/atomic stores
	// 32 bits, so the store repeats the other half of the word.
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&b.entries[0].number)), ringTailWord(first, b.tail))
}

// ringTailWord returns the word of which the first half is the number of the first buffer, and the
// second half is the tail.
func ringTailWord(number, tail uint16) uint32 {
	var word [4]byte
	binary.NativeEndian.PutUint16(word[:2], number)
	binary.NativeEndian.PutUint16(word[2:], tail)
	return binary.NativeEndian.Uint32(word[:])
}

// Register makes the buffers available to the requests of r.
//
// Errors: EINVAL before Linux 5.19, EEXIST if r has the group, ENOMEM.
func (b *IoUringBuffers) Register(r *IoUring) error {
	arg := ringBufferRegistration{addr: uint64(uintptr(b.ring.at)), entries: uint32(len(b.entries)), group: b.group}
	return ringRegister(r.handle, registerBufferRing, unsafe.Pointer(&arg), 1)
}

// Unregister undoes Register.
func (b *IoUringBuffers) Unregister(r *IoUring) error {
	arg := ringBufferRegistration{group: b.group}
	return ringRegister(r.handle, unregisterBufferRing, unsafe.Pointer(&arg), 1)
}

// Close unmaps the ring, which no IoUring may have.
func (b *IoUringBuffers) Close() error { return unix.MunmapPtr(b.ring.at, b.ring.size) }
