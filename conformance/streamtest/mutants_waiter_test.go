package streamtest

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// announced bounds how long a mutant waits for something that a case has announced, or for another
// call. It keeps a mutant from hanging in other cases.
const announced = 10 * time.Second

var errBroken = errors.New("broken")

// watch changes the results of the waits of r, depending on whether each began before Close. The
// function it returns reports whether a wait in one of the directions runs. A wait that was
// announced to a case may only be about to begin, so the function retries for patience.
func watch(r *brokenSource, change func(err error, ran bool) error) func(patience time.Duration, ds ...sys.Direction) bool {
	var waiting [2]atomic.Bool
	var closed atomic.Bool
	r.wait = func(d sys.Direction, deadline time.Time) error {
		waiting[d].Store(true)
		defer waiting[d].Store(false)
		ran := !closed.Load()
		return change(r.Source.Wait(d, deadline), ran)
	}
	r.close = func() error {
		closed.Store(true)
		return r.Source.Close()
	}
	return func(patience time.Duration, ds ...sys.Direction) bool {
		for until := time.Now().Add(patience); ; <-time.After(time.Millisecond) {
			for _, d := range ds {
				if waiting[d].Load() {
					return true
				}
			}
			if !time.Now().Before(until) {
				return false
			}
		}
	}
}

func waiterMutants() []mutant {
	return []mutant{
		broken("a first wait for writing fails", registrations(func(r *brokenSource) {
			var waits atomic.Int64
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if waits.Add(1) == 1 && d == sys.Writable && deadline.IsZero() {
					return errBroken
				}
				return r.Source.Wait(d, deadline)
			}
		}), "waiter/ready"),
		broken("any readiness ends a wait", registrations(func(r *brokenSource) {
			var waits atomic.Int64
			r.wait = func(d sys.Direction, deadline time.Time) error {
				fds := []sys.PollFD{{Fd: int32(r.handle), Events: sys.PollIn | sys.PollOut}}
				if n, _ := sys.Poll(fds, 0); n > 0 && d == sys.Readable && !deadline.IsZero() && waits.Add(1) <= 2*spuriousMax {
					return nil
				}
				return r.Source.Wait(d, deadline)
			}
		}), "waiter/directions"),
		broken("deadlines come early", registrations(func(r *brokenSource) {
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if d == sys.Readable && !deadline.IsZero() {
					return os.ErrDeadlineExceeded
				}
				return r.Source.Wait(d, deadline)
			}
		}), "waiter/deadline"),
		broken("an interrupt before the wait is lost", registrations(func(r *brokenSource) {
			running := watch(r, func(err error, _ bool) error { return err })
			r.interrupt = func(d sys.Direction) {
				if running(0, d) {
					r.Source.Interrupt(d)
				}
			}
		}), "waiter/interrupt-first"),
		broken("an interrupt of a running wait is an error", registrations(func(r *brokenSource) {
			var interrupted atomic.Bool
			running := watch(r, func(err error, _ bool) error {
				if interrupted.CompareAndSwap(true, false) {
					return errBroken
				}
				return err
			})
			r.interrupt = func(d sys.Direction) {
				// A dial interrupts when its time is over, and CloseRead when the stream has ended.
				// Both also end the wait, and either may come first.
				fds := []sys.PollFD{{Fd: int32(r.handle), Events: sys.PollIn}}
				n, _ := sys.Poll(fds, 0)
				if _, err := sys.PeerAddr(r.handle); err == nil && n == 0 {
					interrupted.Store(running(announced, d))
				}
				r.Source.Interrupt(d)
			}
		}), "waiter/interrupt-running"),
		broken("close ends a running wait with another error", selects(func(b *brokenWaiter) func(*brokenSource) {
			var selected atomic.Bool
			b.wait = func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error {
				selected.Store(true)
				return s.Wait(wanted, deadline)
			}
			return func(r *brokenSource) {
				running := watch(r, func(err error, ran bool) error {
					if err == net.ErrClosed && ran {
						return errBroken
					}
					return err
				})
				end := r.close
				var first sync.Once
				r.close = func() error {
					first.Do(func() {
						// The many attempts of a race wait only through their Select.
						if !selected.Load() {
							running(announced, sys.Readable, sys.Writable)
						}
					})
					return end()
				}
			}
		}), "waiter/close-running"),
		broken("waits go on after close", registrations(func(r *brokenSource) {
			var closed atomic.Bool
			r.wait = func(d sys.Direction, deadline time.Time) error {
				if closed.Load() {
					return nil
				}
				return r.Source.Wait(d, deadline)
			}
			r.close = func() error {
				closed.Store(true)
				return r.Source.Close()
			}
		}), "waiter/closed"),
		broken("a number is remembered after close", func(f *Fixture) {
			type socketID struct {
				h           sys.Handle
				local, peer netip.AddrPort
			}
			var mu sync.Mutex
			known := map[socketID]bool{}
			under := f.Waiter
			f.Waiter = &brokenWaiter{Waiter: under, register: func(h sys.Handle) (stream.Source, error) {
				id := socketID{h: h}
				id.local, _ = sys.LocalAddr(h)
				id.peer, _ = sys.PeerAddr(h)
				if !id.local.IsValid() {
					// A handle without an address, such as a pipe, could not be told apart from
					// that of the next case.
					return under.Register(h)
				}
				mu.Lock()
				defer mu.Unlock()
				if known[id] {
					return nil, syscall.EEXIST
				}
				known[id] = true
				return under.Register(h)
			}}
		}, "waiter/number-again"),
	}
}
