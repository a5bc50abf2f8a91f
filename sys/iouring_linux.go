package sys

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// IoUringSQE is struct io_uring_sqe, a request (io_uring_enter(2)). Its addresses are no
// references: the caller keeps the memory alive until the completion, or until the kernel has taken
// the request.
type IoUringSQE struct {
	Opcode      uint8
	Flags       uint8
	Priority    uint16 // bits of the operation, such as IoUringRecvMulti
	Fd          int32
	Offset      uint64 // the size of the address of IoUringConnect; NoOffset for a handle without a position
	Addr        uint64
	Len         uint32
	OpFlags     uint32 // what to poll for (see IoUringPollMask), which requests to cancel, or flags of the call
	UserData    uint64
	BufferGroup uint16
	Personality uint16
	File        int32
	_           [2]uint64
}

// NoOffset in IoUringSQE.Offset makes IoUringRead and IoUringWrite use the position of the handle.
const NoOffset = ^uint64(0)

// IoUringCQE is struct io_uring_cqe, the completion of a request.
type IoUringCQE struct {
	UserData uint64
	Result   int32 // a negative errno, or the result of the operation
	Flags    uint32
}

// The operations.
const (
	IoUringNop     = uint8(0)  // completes at once
	IoUringPollAdd = uint8(6)  // polls Fd for OpFlags, once or (IoUringPollMulti in Len) repeatedly
	IoUringSendMsg = uint8(9)  // sends the message of which Addr is the header, with OpFlags
	IoUringRecvMsg = uint8(10) // receives into the message of which Addr is the header, with OpFlags
	IoUringTimeout = uint8(11) // completes after a duration; see IoUring.PushTimeout
	IoUringAccept  = uint8(13) // accepts a connection, with OpFlags of accept4(2)
	IoUringCancel  = uint8(14) // cancels the request whose UserData is Addr, or those that OpFlags select (Linux 5.19)
	IoUringConnect = uint8(16) // connects to the address at Addr, whose size is Offset
	IoUringClose   = uint8(19) // closes Fd
	IoUringRead    = uint8(22) // reads from Fd into Len bytes at Addr
	IoUringWrite   = uint8(23) // writes Len bytes at Addr to Fd
	IoUringSend    = uint8(26) // sends Len bytes at Addr, with OpFlags
	IoUringRecv    = uint8(27) // receives into Len bytes at Addr, with OpFlags
	IoUringSendZC  = uint8(47) // sends without a copy, and reports when it no longer needs the bytes (Linux 6.0)
)

// The bits of requests and completions.
const (
	IoUringLink           = uint8(1 << 2)  // in Flags of a request: the next one begins when this one has succeeded
	IoUringBufferSelect   = uint8(1 << 5)  // in Flags of a request: the kernel takes a buffer of BufferGroup
	IoUringSkipSuccess    = uint8(1 << 6)  // in Flags of a request: no completion on success (Linux 5.17)
	IoUringPollMulti      = uint32(1 << 0) // in Len of IoUringPollAdd: a completion per wake-up, an edge (Linux 5.13)
	IoUringRecvMulti      = uint16(1 << 1) // in Priority of IoUringRecv: a completion per arrival (Linux 6.0)
	IoUringAcceptMulti    = uint16(1 << 0) // in Priority of IoUringAccept: a completion per connection (Linux 5.19)
	IoUringTimeoutSuccess = uint32(1 << 5) // in OpFlags of IoUringTimeout: the end of the duration is a success (Linux 5.16)
	IoUringCancelAll      = uint32(1 << 0) // in OpFlags of IoUringCancel: cancel all matches, not only the first
	IoUringCancelAny      = uint32(1 << 2) // in OpFlags of IoUringCancel: match every request
	IoUringBuffer         = uint32(1 << 0) // in Flags of a completion: the upper 16 bits are the number of a buffer
	IoUringMore           = uint32(1 << 1) // in Flags of a completion: the request continues
	IoUringNotification   = uint32(1 << 3) // in Flags of a completion: the kernel no longer needs the bytes of IoUringSendZC
)

// The ways to set up a ring.
const (
	IoUringSingleIssuer = uint32(1 << 12) // only one thread submits and waits (Linux 6.0)
	IoUringDeferTaskrun = uint32(1 << 13) // completions come only while that thread waits (Linux 6.1)
	IoUringDisabled     = uint32(1 << 6)  // the ring starts with Enable, whose thread is the one that submits
)

// The features of a ring.
const (
	IoUringSingleMap = uint32(1 << 0)  // both rings share one mapping (Linux 5.4)
	IoUringNoDrop    = uint32(1 << 1)  // the kernel keeps completions that do not fit into the ring (Linux 5.5)
	IoUringExtArg    = uint32(1 << 8)  // a wait accepts a timeout (Linux 5.11)
	IoUringCQESkip   = uint32(1 << 11) // the kernel supports IoUringSkipSuccess (Linux 5.17)
)

// IoUringPollMask returns the OpFlags of IoUringPollAdd for the bits of a PollFD. The kernel's
// first interface took 16 bits, and the present one keeps them in place. So on big-endian machines
// the halves are swapped.
func IoUringPollMask(bits uint32) uint32 {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return bits<<16 | bits>>16
	}
	return bits
}

const (
	setupCQSize        = 1 << 3
	enterGetEvents     = 1 << 0
	enterExtArg        = 1 << 3
	offsetSubmissions  = 0
	offsetCompletions  = 0x8000000
	offsetRequests     = 0x10000000
	ringCQOverflow     = uint32(1 << 1) // in the flags of the submission ring
	longestRingTimeout = 1 << 61        // the kernel adds the time since boot in 63 bits

	registerFiles        = 2
	registerProbe        = 8
	registerEnable       = 12
	registerBufferRing   = 22
	unregisterBufferRing = 23
	probeSupported       = 1 << 0
	ringOperationsMax    = 256 // an opcode has 8 bits
)

// ringProbe is struct io_uring_probe.
type ringProbe struct {
	last, count uint8
	_           uint16
	_           [3]uint32
	operations  [ringOperationsMax]ringOperation
}

// ringOperation is struct io_uring_probe_op.
type ringOperation struct {
	opcode, _ uint8
	flags     uint16
	_         uint32
}

// ringBuffer is struct io_uring_buf, an entry of a buffer ring.
type ringBuffer struct {
	addr   uint64
	size   uint32
	number uint16
	tail   uint16 // in the first entry
}

// ringBufferRegistration is struct io_uring_buf_reg.
type ringBufferRegistration struct {
	addr    uint64
	entries uint32
	group   uint16
	_       uint16
	_       [3]uint64
}

// ringParams is struct io_uring_params.
type ringParams struct {
	submissions, completions, flags, _, _, features, _ uint32
	_                                                  [3]uint32
	submission                                         submissionOffsets
	completion                                         completionOffsets
}

// submissionOffsets is struct io_sqring_offsets.
type submissionOffsets struct {
	head, tail, mask, entries, flags, dropped, array, _ uint32
	_                                                   uint64
}

// completionOffsets is struct io_cqring_offsets.
type completionOffsets struct {
	head, tail, mask, entries, overflow, entry, flags, _ uint32
	_                                                    uint64
}

// ringWait is struct io_uring_getevents_arg and the timespec to which it points.
type ringWait struct {
	signals     uint64
	signalsSize uint32
	_           uint32
	timeout     uint64 // the address of time
	time        kernelTimespec
}

// ringWaitSize is the size of struct io_uring_getevents_arg.
const ringWaitSize = unsafe.Offsetof(ringWait{}.time)

// A wrong layout would pass garbage requests to the kernel, so it does not compile.
var (
	_ [64]byte  = [unsafe.Sizeof(IoUringSQE{})]byte{}
	_ [4]byte   = [unsafe.Offsetof(IoUringSQE{}.Fd)]byte{}
	_ [16]byte  = [unsafe.Offsetof(IoUringSQE{}.Addr)]byte{}
	_ [24]byte  = [unsafe.Offsetof(IoUringSQE{}.Len)]byte{}
	_ [28]byte  = [unsafe.Offsetof(IoUringSQE{}.OpFlags)]byte{}
	_ [32]byte  = [unsafe.Offsetof(IoUringSQE{}.UserData)]byte{}
	_ [2]byte   = [unsafe.Offsetof(IoUringSQE{}.Priority)]byte{}
	_ [8]byte   = [unsafe.Offsetof(IoUringSQE{}.Offset)]byte{}
	_ [40]byte  = [unsafe.Offsetof(IoUringSQE{}.BufferGroup)]byte{}
	_ [44]byte  = [unsafe.Offsetof(IoUringSQE{}.File)]byte{}
	_ [16]byte  = [unsafe.Sizeof(IoUringCQE{})]byte{}
	_ [8]byte   = [unsafe.Offsetof(IoUringCQE{}.Result)]byte{}
	_ [12]byte  = [unsafe.Offsetof(IoUringCQE{}.Flags)]byte{}
	_ [120]byte = [unsafe.Sizeof(ringParams{})]byte{}
	_ [20]byte  = [unsafe.Offsetof(ringParams{}.features)]byte{}
	_ [40]byte  = [unsafe.Offsetof(ringParams{}.submission)]byte{}
	_ [80]byte  = [unsafe.Offsetof(ringParams{}.completion)]byte{}
	_ [24]byte  = [unsafe.Offsetof(submissionOffsets{}.array)]byte{}
	_ [20]byte  = [unsafe.Offsetof(completionOffsets{}.entry)]byte{}
	_ [24]byte  = [ringWaitSize]byte{}
	_ [16]byte  = [unsafe.Offsetof(ringWait{}.timeout)]byte{}
	_ [16]byte  = [unsafe.Offsetof(ringProbe{}.operations)]byte{}
	_ [8]byte   = [unsafe.Sizeof(ringOperation{})]byte{}
	_ [2]byte   = [unsafe.Offsetof(ringOperation{}.flags)]byte{}
	_ [16]byte  = [unsafe.Sizeof(ringBuffer{})]byte{}
	_ [12]byte  = [unsafe.Offsetof(ringBuffer{}.number)]byte{}
	_ [14]byte  = [unsafe.Offsetof(ringBuffer{}.tail)]byte{}
	_ [40]byte  = [unsafe.Sizeof(ringBufferRegistration{})]byte{}
	_ [8]byte   = [unsafe.Offsetof(ringBufferRegistration{}.entries)]byte{}
	_ [12]byte  = [unsafe.Offsetof(ringBufferRegistration{}.group)]byte{}
)

func ringSetup(submissions uint32, p *ringParams) (Handle, error) {
	fd, _, errno := unix.RawSyscall(unix.SYS_IO_URING_SETUP, uintptr(submissions), uintptr(unsafe.Pointer(p)), 0)
	if errno != 0 {
		return Invalid, errno
	}
	return Handle(fd), nil
}

// ringRegister does not block: all that it does is to change the ring.
func ringRegister(ring Handle, what uintptr, arg unsafe.Pointer, count uintptr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_REGISTER, uintptr(ring), what, uintptr(arg), count, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// ringEnter submits requests without waiting.
func ringEnter(ring Handle, submit uint32, flags uintptr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(ring), uintptr(submit), 0, flags, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// ringWaitFor submits requests and waits for a completion. arg must not be on a stack: a stack may
// move, and arg holds the address of one of its own fields.
func ringWaitFor(ring Handle, submit uint32, arg *ringWait, timeout time.Duration) error {
	arg.timeout = 0
	if timeout >= 0 {
		timeout = min(timeout, longestRingTimeout)
		arg.time = kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		arg.timeout = uint64(uintptr(unsafe.Pointer(&arg.time)))
	}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(ring), uintptr(submit), 1, enterGetEvents|enterExtArg,
		uintptr(unsafe.Pointer(arg)), ringWaitSize)
	if errno != 0 {
		return errno
	}
	return nil
}
