//go:build !linux

package sys

import (
	"errors"
	"time"
)

// EpollEvent is struct epoll_event, which only Linux has.
type EpollEvent struct{}

// The bits of an EpollEvent.
const (
	EpollIn        = uint32(0x1)
	EpollOut       = uint32(0x4)
	EpollErr       = uint32(0x8)
	EpollHup       = uint32(0x10)
	EpollRDHup     = uint32(0x2000)
	EpollEdge      = uint32(1) << 31
	EpollOneShot   = uint32(1) << 30
	EpollExclusive = uint32(1) << 28
)

// EpollCreate returns [errors.ErrUnsupported].
func EpollCreate() (Handle, error) { return Invalid, errors.ErrUnsupported }

// EpollAdd returns [errors.ErrUnsupported].
func EpollAdd(ep, h Handle, bits uint32, data uint64) error { return errors.ErrUnsupported }

// EpollModify returns [errors.ErrUnsupported].
func EpollModify(ep, h Handle, bits uint32, data uint64) error { return errors.ErrUnsupported }

// EpollDelete returns [errors.ErrUnsupported].
func EpollDelete(ep, h Handle) error { return errors.ErrUnsupported }

// EpollData returns zero.
func EpollData(*EpollEvent) uint64 { return 0 }

// EpollWait returns [errors.ErrUnsupported].
func EpollWait(ep Handle, events []EpollEvent, timeout time.Duration) (int, error) {
	return 0, errors.ErrUnsupported
}

// EpollWaitExact returns [errors.ErrUnsupported].
func EpollWaitExact(ep Handle, events []EpollEvent, timeout time.Duration) (int, error) {
	return 0, errors.ErrUnsupported
}

// Eventfd returns [errors.ErrUnsupported].
func Eventfd() (Handle, error) { return Invalid, errors.ErrUnsupported }

// EventfdSignal returns [errors.ErrUnsupported].
func EventfdSignal(Handle) error { return errors.ErrUnsupported }

// EventfdClear returns [errors.ErrUnsupported].
func EventfdClear(Handle) (uint64, error) { return 0, errors.ErrUnsupported }
