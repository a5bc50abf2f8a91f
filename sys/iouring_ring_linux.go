package sys

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// IoUring is an io_uring instance (io_uring(7)) with its rings. Everything that the kernel reads or
// writes lies in mappings, none of it on Go's heap.
//
// Push, Unsubmitted and Submit belong to one caller at a time, Enter, Peek and Advance to one at a
// time, too. Both kinds may run beside each other, and Overflown beside everything but Close.
type IoUring struct {
	handle   Handle
	features uint32
	maps     []mapping

	head, tail, flags *uint32 // of the submissions; the kernel moves head
	requests          []IoUringSQE

	doneHead, doneTail *uint32 // of the completions; the kernel moves doneTail
	done               []IoUringCQE

	wait *ringWait
}

type mapping struct {
	at   unsafe.Pointer
	size uintptr
}

// OpenIoUring opens an instance with room for so many requests that are not submitted and
// completions that are not taken, each rounded up to a power of two. The descriptor is
// close-on-exec.
//
// Errors: ENOSYS before Linux 5.1, EINVAL before 5.5, EPERM if a sandbox or
// kernel.io_uring_disabled forbids it, ENOMEM beyond RLIMIT_MEMLOCK before 5.12, EMFILE and ENFILE.
// A sandbox may answer with any of them.
func OpenIoUring(submissions, completions uint32) (*IoUring, error) {
	return openIoUring(submissions, completions, IoUringSingleMap)
}

// openIoUring maps both rings at once only if the features say so and usable, too.
func openIoUring(submissions, completions, usable uint32) (*IoUring, error) {
	p := ringParams{flags: setupCQSize, completions: completions}
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
	page := uintptr(os.Getpagesize())
	wait, err := unix.MmapPtr(-1, 0, nil, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	r.maps = append(r.maps, mapping{wait, page})
	r.wait = (*ringWait)(wait)

	r.head, r.tail = word(ring, p.submission.head), word(ring, p.submission.tail)
	r.flags = word(ring, p.submission.flags)
	r.requests = unsafe.Slice((*IoUringSQE)(requests), p.submissions)
	r.doneHead, r.doneTail = word(done, p.completion.head), word(done, p.completion.tail)
	r.done = unsafe.Slice((*IoUringCQE)(unsafe.Add(done, p.completion.entry)), p.completions)
	// Requests could be submitted in another order than they are stored in. Nobody wants that.
	array := unsafe.Slice(word(ring, p.submission.array), p.submissions)
	for i := range array {
		array[i] = uint32(i)
	}
	return nil
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

// Handle returns the descriptor. It is readable while there are completions to be taken.
func (r *IoUring) Handle() Handle { return r.handle }

// Features returns what the kernel says of this ring.
func (r *IoUring) Features() uint32 { return r.features }

// Push stores a request, to be submitted by the next Submit or Enter. It reports false if there is
// no room.
func (r *IoUring) Push(e IoUringSQE) bool {
	tail := atomic.LoadUint32(r.tail)
	if tail-atomic.LoadUint32(r.head) >= uint32(len(r.requests)) {
		return false
	}
	r.requests[tail&uint32(len(r.requests)-1)] = e
	atomic.StoreUint32(r.tail, tail+1)
	return true
}

// Unsubmitted returns how many requests the kernel has not taken yet.
func (r *IoUring) Unsubmitted() uint32 {
	return atomic.LoadUint32(r.tail) - atomic.LoadUint32(r.head)
}

// Submit hands over all requests, and never blocks. What an errno leaves over is submitted by the
// next call.
//
// Errors: EAGAIN if the kernel is out of memory (io_uring_enter(2): try again after some
// completions), EBUSY on kernels that first want completions to be taken which did not fit into the
// ring.
func (r *IoUring) Submit() error {
	for {
		n := r.Unsubmitted()
		if n == 0 {
			return nil
		}
		// The kernel stops behind a request that it does not understand.
		if err := ringEnter(r.handle, n, 0); err != nil {
			return err
		}
	}
}

// Enter hands over the given number of requests and waits for a completion to be taken, which it
// brings into the ring if it did not fit before. A timeout of zero does not wait, a negative one
// waits for ever, others have the kernel's resolution. It returns early, without an error, if there
// were not so many requests.
//
// Errors: ETIME, EINTR, EBADR after completions were lost for lack of memory, those of Submit.
func (r *IoUring) Enter(submit uint32, timeout time.Duration) error {
	if timeout == 0 {
		return ringEnter(r.handle, submit, enterGetEvents)
	}
	return ringWaitFor(r.handle, submit, r.wait, timeout)
}

// Capacity returns how many completions the ring holds that were not taken.
func (r *IoUring) Capacity() uint32 { return uint32(len(r.done)) }

// Overflown reports whether completions wait for room in the ring, which an Enter gives them.
func (r *IoUring) Overflown() bool { return atomic.LoadUint32(r.flags)&ringCQOverflow != 0 }

// Peek returns the oldest completion, if there is one.
func (r *IoUring) Peek() (IoUringCQE, bool) {
	head := atomic.LoadUint32(r.doneHead)
	if head == atomic.LoadUint32(r.doneTail) {
		return IoUringCQE{}, false
	}
	return r.done[head&uint32(len(r.done)-1)], true
}

// Advance takes the completion that Peek has returned.
func (r *IoUring) Advance() { atomic.StoreUint32(r.doneHead, atomic.LoadUint32(r.doneHead)+1) }

// Close cancels all requests, unmaps the rings and closes the descriptor. The kernel lets go of the
// files that requests hold some time after that.
func (r *IoUring) Close() error {
	var errs []error
	for _, m := range r.maps {
		errs = append(errs, unix.MunmapPtr(m.at, m.size))
	}
	return errors.Join(append(errs, Close(r.handle))...)
}
