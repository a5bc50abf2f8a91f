package iouring

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/base"
	"github.com/edgewise-go/edgewise/queue/internal/flight"
	"github.com/edgewise-go/edgewise/queue/internal/wake"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/edgewise-go/edgewise/sys/waker"
)

// The sizes of the ring. A completion ring that is too small costs only time: see doc.go. A larger
// one costs locked memory of the user, see locked_linux.go, and cache: the kernel writes to all of
// it in turn.
const (
	submissions = 128
	completions = 1024
)

// New opens a queue, which holds one to four handles until Close, and one per registered listener.
// Unless it has one waiter, it is also a [queue.Nester].
//
// Errors: [queue.ErrInvalid] for an unknown waker, and [queue.ErrUnavailable] with the errno if the
// system refuses. If the kernel has no io_uring or an old one, the error is [errors.ErrUnsupported]
// and names what is missing. A sandbox that returns ENOSYS looks like an old kernel.
func New(o Options) (queue.Completer, error) {
	q, err := open(o, submissions, completions)
	if err != nil {
		return nil, fmt.Errorf("iouring: %w", err)
	}
	if q.single {
		return lone{q}, nil
	}
	return q, nil
}

// lone is a queue with one waiter. It has no Handle: its ring is readable only after its thread has
// waited.
type lone struct{ queue.Completer }

func open(o Options, submissions, completions uint32) (*instance, error) {
	sys.StartRuntimePoller()
	ring, single, err := openRing(o.SingleWaiter, submissions, completions)
	if err != nil {
		return nil, refused(err)
	}
	q := &instance{
		ring: ring, first: none, last: none, single: single, issuing: !single, born: time.Now(), flight: flight.New[operation](0),
		zeroCopy: ring.Supports(sys.IoUringSendZC),
	}
	if ring.Features()&sys.IoUringCQESkip != 0 {
		q.skip = sys.IoUringSkipSuccess
	}
	if err := q.probe(); err != nil {
		return nil, errors.Join(err, ring.Close())
	}
	if err := q.openWaker(o.Waker); err != nil {
		return nil, errors.Join(err, ring.Close())
	}
	if single {
		if err := q.watchFree(); err != nil {
			return nil, errors.Join(wake.Unavailable("pipe", err), ring.Close(), q.waker.Close())
		}
	}
	q.Turns = base.NewTurns(q.features(), q.signal)
	return q, nil
}

// openRing opens a ring for one waiter if that is wanted and the kernel has such rings (Linux 6.1).
//
// Otherwise it opens a plain ring, to which any thread may submit and on which any thread may wait.
// IORING_SETUP_SINGLE_ISSUER and DEFER_TASKRUN forbid that. With COOP_TASKRUN, a thread that
// submitted a poll and then computes without entering the kernel would delay the completion.
func openRing(single bool, submissions, completions uint32) (*sys.IoUring, bool, error) {
	var ring *sys.IoUring
	try := func(setup uint32) error {
		return patiently(func() (err error) {
			ring, err = sys.OpenIoUring(submissions, completions, setup)
			return err
		})
	}
	if single {
		err := try(sys.IoUringSingleIssuer | sys.IoUringDeferTaskrun | sys.IoUringDisabled)
		if err != syscall.EINVAL {
			return ring, true, err
		}
	}
	err := try(0)
	return ring, false, err
}

// features leaves Urgent false: a lasting poll completes with the mask of the wake-up, and TCP
// wakes with EPOLLPRI for all data (sock_def_readable() of Linux).
func (q *instance) features() queue.Features {
	kind := nop
	if q.waker != nil {
		kind = q.waker.Kind()
	}
	return queue.Features{
		Mechanism: "iouring", Waker: kind,
		NativeEdge: true, NativeOneShot: true, Exclusive: true, PeerShut: true, Nested: !q.single,
		// The kernel that brought this operation also has the others, and lasting ones.
		Completions: q.zeroCopy,
	}
}

// refused wraps the error of io_uring_setup(2) with its likely cause.
func refused(err error) error {
	const call = "io_uring_setup"
	switch err {
	case syscall.EINVAL:
		return fmt.Errorf("%s: %w: %w (needs Linux 5.5)", call, errors.ErrUnsupported, err)
	case syscall.EPERM:
		return fmt.Errorf("%w (likely cause: a sandbox or kernel.io_uring_disabled)", wake.Unavailable(call, err))
	case syscall.ENOMEM:
		return fmt.Errorf("%w (likely cause: the rings of this user exceed RLIMIT_MEMLOCK; remedy: raise ulimit -l, grant CAP_IPC_LOCK, or open fewer queues)",
			wake.Unavailable(call, err))
	}
	return wake.Unavailable(call, err)
}

// probeTimeout bounds the wait for operations that complete at once.
const probeTimeout = time.Second

// probe checks by trial whether the ring does what the queue needs, because a header or a feature
// bit proves nothing.
func (q *instance) probe() error {
	var missing []string
	for _, f := range []struct {
		bit  uint32
		name string
	}{{sys.IoUringNoDrop, "NODROP (Linux 5.5)"}, {sys.IoUringExtArg, "EXT_ARG (Linux 5.11)"}} {
		if q.ring.Features()&f.bit == 0 {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the kernel lacks %s: %w", strings.Join(missing, ", "), errors.ErrUnsupported)
	}
	if q.single {
		return nil // a kernel that has such rings has lasting polls
	}
	w, err := wake.Open("")
	if err != nil {
		return err
	}
	return errors.Join(q.probePoll(w), w.Close())
}

// probePoll starts a lasting poll of w, checks that it reports and continues, and cancels it.
func (q *instance) probePoll(w *waker.Waker) error {
	const data = 1
	if err := w.Signal(); err != nil {
		return err
	}
	if err := q.push(pollRequest(w.Handle(), sys.PollIn, data, true)); err != nil {
		return err
	}
	c, err := q.probed(data)
	if err != nil {
		return err
	}
	if c.Result < 0 || c.Flags&sys.IoUringMore == 0 {
		return fmt.Errorf("the kernel lacks multishot poll (Linux 5.13): %w", errors.ErrUnsupported)
	}
	if err := q.push(q.cancelRequest(data)); err != nil {
		return err
	}
	if c, err = q.probed(data); err != nil {
		return err
	}
	if c.Result != -int32(syscall.ECANCELED) {
		return fmt.Errorf("the kernel does not cancel polls: %w: canceled poll completed with %d", errors.ErrUnsupported, c.Result)
	}
	return nil
}

// probed submits, and waits for a completion of data.
func (q *instance) probed(data uint64) (sys.IoUringCQE, error) {
	for deadline := time.Now().Add(probeTimeout); ; {
		err := q.ring.Enter(q.ring.Unsubmitted(), max(1, time.Until(deadline)))
		switch err {
		case nil, syscall.EINTR, syscall.ETIME:
		case syscall.EAGAIN:
			time.Sleep(scarcePause)
		default:
			return sys.IoUringCQE{}, wake.Unavailable("io_uring_enter", err)
		}
		for c, ok := q.ring.Peek(); ok; c, ok = q.ring.Peek() {
			q.ring.Advance()
			if c.UserData == data {
				return c, nil
			}
		}
		if time.Now().After(deadline) {
			return sys.IoUringCQE{}, fmt.Errorf("%w: no completion for a ready handle within %v", queue.ErrUnavailable, probeTimeout)
		}
	}
}
