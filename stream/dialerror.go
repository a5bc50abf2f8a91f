package stream

import (
	"context"
	"errors"
	"net"
	"os"
)

// errMissingAddress is returned by a dial of the empty address.
var errMissingAddress = &net.AddrError{Err: "missing address"}

// noSuchHost is the text of package net for a name without addresses.
const noSuchHost = "no such host"

// timeoutError ends a dial that has run out of time. It is os.ErrDeadlineExceeded, as for reads,
// and context.DeadlineExceeded, as in package net.
type timeoutError struct{ cause error }

func (e *timeoutError) Error() string   { return "i/o timeout" }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Unwrap() []error { return []error{os.ErrDeadlineExceeded, e.cause} }

// canceledError ends a dial or a lookup whose context was canceled. It is context.Canceled and
// cause, with the text of package net.
type canceledError struct{ cause error }

func (e *canceledError) Error() string   { return "operation was canceled" }
func (e *canceledError) Unwrap() []error { return []error{context.Canceled, e.cause} }

// addressError is a *net.AddrError and also cause.
type addressError struct {
	*net.AddrError
	cause error
}

func (e *addressError) Unwrap() []error { return []error{e.AddrError, e.cause} }

func noAddress(address string) error {
	return &addressError{&net.AddrError{Err: "no suitable address found", Addr: address}, ErrNoAddress}
}

// done converts err to the form that callers of a dial expect. It converts only an err that results
// from the end of ctx or of the time share of an address.
func done(ctx context.Context, err error) error {
	switch {
	case err == context.Canceled, err != nil && ctx.Err() == context.Canceled && !errors.Is(err, context.Canceled):
		return &canceledError{err}
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return &timeoutError{context.DeadlineExceeded}
	}
	return err
}

// lookupError returns the failure of a lookup of host as package net reports it. err stays
// reachable.
func lookupError(ctx context.Context, host string, err error) error {
	err = done(ctx, err)
	if err, ok := err.(*net.DNSError); ok {
		return err
	}
	named := net.DNSError{Err: err.Error()}
	if e, ok := err.(interface {
		Timeout() bool
		Temporary() bool
	}); ok {
		named.IsTimeout, named.IsTemporary = e.Timeout(), e.Temporary()
	}
	var under *net.DNSError
	if _, canceled := err.(*canceledError); !canceled && errors.As(err, &under) {
		named = *under
	}
	if named.IsNotFound {
		named.Err = noSuchHost
	}
	named.Name, named.UnwrapErr = host, err
	return &named
}
