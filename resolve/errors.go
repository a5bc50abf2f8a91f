package resolve

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The causes of failure. All except [ErrWouldBlock] arrive wrapped in an [*Error]; test with
// [errors.Is].
var (
	// ErrNotFound means that the name does not exist (NXDOMAIN). From [System] it can also mean
	// ErrNoData.
	ErrNotFound error = &sentinel{text: "no such host"}
	// ErrNoData means that the name exists, but has no record of the requested type (RFC 2308,
	// section 2.2).
	ErrNoData error = &sentinel{text: "no data of this type"}
	// ErrTimeout means that the deadline passed, or that the servers did not answer in time. It is
	// also os.ErrDeadlineExceeded and context.DeadlineExceeded.
	ErrTimeout error = &sentinel{text: "timed out", timeout: true, temporary: true,
		also: []error{os.ErrDeadlineExceeded, context.DeadlineExceeded}}
	// ErrCanceled means that the query was canceled. It is also context.Canceled.
	ErrCanceled error = &sentinel{text: "canceled", also: []error{context.Canceled}}
	// ErrName means that the name is malformed or not allowed; see [ParseName].
	ErrName error = &sentinel{text: "malformed name"}
	// ErrQueueFull means that a bound was reached. A later query may succeed.
	ErrQueueFull error = &sentinel{text: "too many queries", temporary: true}
	// ErrServFail means that the servers failed or could not be reached. A later query may succeed.
	ErrServFail error = &sentinel{text: "temporary failure", temporary: true}
	// ErrMalformed means that a server answered, but the answer breaks the rules of the DNS, for
	// example with a loop of CNAME records. A later query may succeed.
	ErrMalformed error = &sentinel{text: "malformed answer", temporary: true}
	// ErrClosed means that the strategy is closed. It is also net.ErrClosed.
	ErrClosed error = &sentinel{text: "strategy closed", also: []error{net.ErrClosed}}
)

type sentinel struct {
	text               string
	timeout, temporary bool
	also               []error
}

func (s *sentinel) Error() string        { return "resolve: " + s.text }
func (s *sentinel) Timeout() bool        { return s.timeout }
func (s *sentinel) Temporary() bool      { return s.temporary }
func (s *sentinel) Is(target error) bool { return slices.Contains(s.also, target) }

// ErrWouldBlock is the result of a Try that has no answer in memory: the caller starts the
// question. It is a result and not a failure, and is never wrapped in an [*Error]. Its method
// WouldBlock returns true.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string    { return "resolve: would block" }
func (wouldBlock) WouldBlock() bool { return true }
func (wouldBlock) Timeout() bool    { return false }
func (wouldBlock) Temporary() bool  { return true }

// Error describes the failure of a question. Callers may share it and must not modify it.
//
// It implements net.Error, and errors.As finds a [*net.DNSError] in it.
type Error struct {
	Op       string    // the strategy, decorator or step that failed
	Question Question  // the question; zero if there was none
	Name     string    // the name as the caller wrote it, if known
	Server   string    // the server that was asked, if known
	RCode    RCode     // the response code of the server; zero if there was none
	Expires  time.Time // when a negative answer expires; zero without a time to live
	Err      error     // the cause
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("resolve: ")
	b.WriteString(e.Op)
	switch {
	case e.Name != "":
		b.WriteString(" " + quoteUnlessPlain(e.Name))
	case !e.Question.Name.IsZero():
		b.WriteString(" " + e.Question.String())
	}
	if e.Server != "" {
		b.WriteString(" (" + e.Server + ")")
	}
	b.WriteString(": ")
	b.WriteString(strings.TrimPrefix(e.Err.Error(), "resolve: "))
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether the cause is a timeout.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary reports whether a later query may succeed.
func (e *Error) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

// DNSError returns the same failure as package net would report it. A net.DNSError cannot
// distinguish [ErrNotFound] from [ErrNoData]: both are IsNotFound.
func (e *Error) DNSError() *net.DNSError {
	name := e.Name
	if name == "" {
		name = e.Question.Name.String()
	}
	return &net.DNSError{
		UnwrapErr:   e.Err,
		Err:         strings.TrimPrefix(e.Err.Error(), "resolve: "),
		Name:        name,
		Server:      e.Server,
		IsTimeout:   e.Timeout(),
		IsTemporary: e.Temporary(),
		IsNotFound:  errors.Is(e.Err, ErrNotFound) || errors.Is(e.Err, ErrNoData),
	}
}

// As lets errors.As set a **net.DNSError.
func (e *Error) As(target any) bool {
	if d, ok := target.(**net.DNSError); ok {
		*d = e.DNSError()
		return true
	}
	return false
}

// isNegative reports whether err is an answer: the name or the type does not exist.
func isNegative(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoData) }

func quoteUnlessPlain(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return strconv.Quote(s)
	}
	return s
}
