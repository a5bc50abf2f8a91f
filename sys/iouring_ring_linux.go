package sys

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// IoUring is an io_uring instance (io_uring(7)) with its rings. All memory that the kernel reads or
// writes is in mappings, not on Go's heap.
//
// Push, Unsubmitted and Submit must not run concurrently with each other. The same holds for Enter,
// Peek and Advance. Methods of the two groups may run concurrently. Overflown may run concurrently
// with any method except Close.
type IoUring struct {
	handle   Handle
	features uint32
	maps     []mapping

	head, tail, flags *uint32 // of the submission ring; the kernel advances head
	requests          []IoUringSQE

	doneHead, doneTail *uint32 // of the completion ring; the kernel advances doneTail
	done               []IoUringCQE

	wait  *ringWait
	times []kernelTimespec // the duration of the timeout in the slot of the same index
}

type mapping struct {
	at   unsafe.Pointer
	size uintptr
}

// OpenIoUring opens an instance with room for the given numbers of unsubmitted requests and of
// completions that are not yet taken. Each is rounded up to a power of two. setup holds bits such
// as IoUringSingleIssuer. The handle is close-on-exec.
//
// Errors: ENOSYS before Linux 5.1, EINVAL before 5.5 and for an unknown setup, EPERM if a sandbox
// or kernel.io_uring_disabled forbids it, ENOMEM, EMFILE and ENFILE. A sandbox may return any of
// them. Before 5.12 and in 6.18, ENOMEM may mean that the rings of the user exceed RLIMIT_MEMLOCK.
// The kernel counts a closed ring until it has freed it, milliseconds later. It counts none of a
// process with CAP_IPC_LOCK.
func OpenIoUring(submissions, completions, setup uint32) (*IoUring, error) {
	return openIoUring(submissions, completions, setup, IoUringSingleMap)
}

// openIoUring maps both rings at once only if the kernel's features and usable both include
// IoUringSingleMap.
func openIoUring(submissions, completions, setup, usable uint32) (*IoUring, error) {
	p := ringParams{flags: setupCQSize | setup, completions: completions}
	h, err := ringSetup(submissions, &p)
	if err != nil {
		return nil, err
	}
	r := &IoUring{handle: h, features: p.features}
	if err := r.mapRings(&p, p.features&usable&IoUringSingleMap != 0); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *IoUring) mapRings(p *ringParams, single bool) error {
	size := uintptr(p.submission.array) + uintptr(p.submissions)*unsafe.Sizeof(uint32(0))
	doneSize := uintptr(p.completion.entry) + uintptr(p.completions)*unsafe.Sizeof(IoUringCQE{})
	if single {
		size = max(size, doneSize)
	}
	ring, err := r.mmap(offsetSubmissions, size)
	if err != nil {
		return err
	}
	done := ring
	if !single {
		if done, err = r.mmap(offsetCompletions, doneSize); err != nil {
			return err
		}
	}
	requests, err := r.mmap(offsetRequests, uintptr(p.submissions)*unsafe.Sizeof(IoUringSQE{}))
	if err != nil {
		return err
	}
	timesAt := (unsafe.Sizeof(ringWait{}) + 7) &^ 7
	own, err := anonymous(timesAt + uintptr(p.submissions)*unsafe.Sizeof(kernelTimespec{}))
	if err != nil {
		return err
	}
	r.maps = append(r.maps, own)
	r.wait = (*ringWait)(own.at)
	r.times = unsafe.Slice((*kernelTimespec)(unsafe.Add(own.at, timesAt)), p.submissions)

	r.head, r.tail = word(ring, p.submission.head), word(ring, p.submission.tail)
	r.flags = word(ring, p.submission.flags)
	r.requests = unsafe.Slice((*IoUringSQE)(requests), p.submissions)
	r.doneHead, r.doneTail = word(done, p.completion.head), word(done, p.completion.tail)
	r.done = unsafe.Slice((*IoUringCQE)(unsafe.Add(done, p.completion.entry)), p.completions)
	// The array could submit requests in an order other than that of their slots. No caller needs
	// that.
	array := unsafe.Slice(word(ring, p.submission.array), p.submissions)
	for i := range array {
		array[i] = uint32(i)
	}
	return nil
}

// anonymous maps zeroed memory of at least size bytes.
func anonymous(size uintptr) (mapping, error) {
	page := uintptr(os.Getpagesize())
	size = (size + page - 1) &^ (page - 1)
	at, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return mapping{at, size}, err
}

func word(ring unsafe.Pointer, offset uint32) *uint32 { return (*uint32)(unsafe.Add(ring, offset)) }

func (r *IoUring) mmap(offset int64, size uintptr) (unsafe.Pointer, error) {
	at, err := unix.MmapPtr(int(r.handle), offset, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, err
	}
	r.maps = append(r.maps, mapping{at, size})
	return at, nil
}

// Handle returns the handle of the instance. It is readable while there are completions to take.
func (r *IoUring) Handle() Handle { return r.handle }

// Features returns the feature bits that the kernel reported for this ring.
func (r *IoUring) Features() uint32 { return r.features }

// IoUringAddress returns the address of p for a request. The caller keeps p alive.
func IoUringAddress(p []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) }

// Push stores a request, which the next Submit or Enter submits. It returns false if there is no
// room.
func (r *IoUring) Push(e IoUringSQE) bool {
	tail := atomic.LoadUint32(r.tail)
	if tail-atomic.LoadUint32(r.head) >= uint32(len(r.requests)) {
		return false
	}
	r.requests[tail&uint32(len(r.requests)-1)] = e
	atomic.StoreUint32(r.tail, tail+1)
	return true
}

// PushTimeout is Push of a request of IoUringTimeout that completes after d.
func (r *IoUring) PushTimeout(e IoUringSQE, d time.Duration) bool {
	d = min(d, longestRingTimeout)
	// The kernel copies the duration when it takes the request, and frees the slot after that.
	at := &r.times[atomic.LoadUint32(r.tail)&uint32(len(r.requests)-1)]
	if r.Room() == 0 {
		return false
	}
	*at = kernelTimespec{int64(d / time.Second), int64(d % time.Second)}
	e.Opcode, e.Addr, e.Len = IoUringTimeout, uint64(uintptr(unsafe.Pointer(at))), 1
	return r.Push(e)
}

// Room returns the number of requests that Push can store now.
func (r *IoUring) Room() int { return len(r.requests) - int(r.Unsubmitted()) }

// Unsubmitted returns the number of requests that the kernel has not taken yet.
func (r *IoUring) Unsubmitted() uint32 {
	return atomic.LoadUint32(r.tail) - atomic.LoadUint32(r.head)
}

// Pushed returns the number of requests that were ever pushed, modulo 2^32.
func (r *IoUring) Pushed() uint32 { return atomic.LoadUint32(r.tail) }

// Taken returns how many of the pushed requests the kernel has taken, modulo 2^32. All completions
// that a request has caused while the kernel took it are in the ring, or Overflown.
func (r *IoUring) Taken() uint32 { return atomic.LoadUint32(r.head) }

// Submit submits all stored requests and never blocks. After an error, the next call submits the
// rest.
//
// Errors: EAGAIN if the kernel is out of memory (io_uring_enter(2): try again after some
// completions); EBUSY on kernels that require the caller to first take completions that did not fit
// into the ring.
func (r *IoUring) Submit() error {
	for {
		n := r.Unsubmitted()
		if n == 0 {
			return nil
		}
		// The kernel stops after a request that it does not understand.
		if err := ringEnter(r.handle, n, 0); err != nil {
			return err
		}
	}
}

// Enter submits the given number of requests and waits for a completion. It also moves completions
// that did not fit before into the ring. A zero timeout does not wait, a negative one waits
// indefinitely, and others have the kernel's resolution. If there were fewer requests than given,
// Enter returns early, without an error.
//
// Errors: ETIME, EINTR, EBADR after the kernel lost completions for lack of memory, and those of
// Submit.
func (r *IoUring) Enter(submit uint32, timeout time.Duration) error {
	if timeout == 0 {
		return ringEnter(r.handle, submit, enterGetEvents)
	}
	return ringWaitFor(r.handle, submit, r.wait, timeout)
}

// Capacity returns the number of untaken completions that the ring can hold.
func (r *IoUring) Capacity() uint32 { return uint32(len(r.done)) }

// Overflown reports whether completions are waiting for room in the ring. Enter moves them into it.
func (r *IoUring) Overflown() bool { return atomic.LoadUint32(r.flags)&ringCQOverflow != 0 }

// Peek returns the oldest completion, and whether there is one.
func (r *IoUring) Peek() (IoUringCQE, bool) {
	head := atomic.LoadUint32(r.doneHead)
	if head == atomic.LoadUint32(r.doneTail) {
		return IoUringCQE{}, false
	}
	return r.done[head&uint32(len(r.done)-1)], true
}

// Advance removes the completion that Peek returned.
func (r *IoUring) Advance() { atomic.StoreUint32(r.doneHead, atomic.LoadUint32(r.doneHead)+1) }

// Enable starts a ring that was opened with IoUringDisabled. The calling thread is the one that
// submits and waits from then on.
func (r *IoUring) Enable() error { return ringRegister(r.handle, registerEnable, nil, 0) }

// RegisterFile makes the instance hold the open file of h until it is freed, after its last
// request. It may be called once.
func (r *IoUring) RegisterFile(h Handle) error {
	fds := [1]int32{int32(h)}
	return ringRegister(r.handle, registerFiles, unsafe.Pointer(&fds), 1)
}

// Supports reports whether the kernel has all of these operations.
func (r *IoUring) Supports(opcodes ...uint8) bool {
	p := new(ringProbe)
	if ringRegister(r.handle, registerProbe, unsafe.Pointer(p), ringOperationsMax) != nil {
		return false
	}
	for _, opcode := range opcodes {
		if opcode >= p.count || p.operations[opcode].flags&probeSupported == 0 {
			return false
		}
	}
	return true
}

// Close cancels all requests, unmaps the rings and closes the handle. The kernel releases the files
// that requests hold some time later.
func (r *IoUring) Close() error {
	var errs []error
	for _, m := range r.maps {
		errs = append(errs, unix.MunmapPtr(m.at, m.size))
	}
	return errors.Join(append(errs, Close(r.handle))...)
}
