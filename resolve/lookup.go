package resolve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Lookup asks a resolver and blocks until there is an answer, an error, or ctx is done; after that
// it must return soon. Any number of calls may run at once.
//
// A panic in a Lookup fails its query with a [*PanicError] and does not end the process: peers
// choose names and servers choose answers, so one of them may find the fault.
type Lookup func(ctx context.Context, q Question) (Answer, error)

// PanicError is the cause of the failure of a query whose [Lookup] panicked.
type PanicError struct {
	Value any    // of the panic
	Stack []byte // of the goroutine, as runtime/debug.Stack returns it
}

func (e *PanicError) Error() string { return fmt.Sprintf("resolve: panic in the lookup: %v", e.Value) }

// Unwrap returns the value of the panic if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGone means that a Lookup ended its goroutine with runtime.Goexit.
var errGone = errors.New("the lookup ended its goroutine")

// ask runs the lookup and enforces its contract: an answer must be to this question and must not be
// empty.
func (l Lookup) ask(ctx context.Context, op string, q Question) (a Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			a, err = Answer{}, &Error{Op: op, Question: q, Err: &PanicError{v, debug.Stack()}}
		}
	}()
	a, err = l(ctx, q)
	switch {
	case err != nil:
		return Answer{}, wrap(op, q, err)
	case a.Question != q:
		return Answer{}, &Error{Op: op, Question: q, Err: fmt.Errorf("%w: got the answer to another question, %v", ErrServFail, a.Question)}
	case q.Type.holdsAddrs() && a.Len() == 0:
		return Answer{}, &Error{Op: op, Question: q, Err: ErrNoData}
	}
	return a, nil
}

func wrap(op string, q Question, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e) && e.Question == q:
		return err
	case errors.Is(err, ErrCanceled), errors.Is(err, ErrTimeout):
	case errors.Is(err, context.Canceled):
		err = ErrCanceled
	case errors.Is(err, context.DeadlineExceeded):
		err = ErrTimeout
	}
	return &Error{Op: op, Question: q, Err: err}
}
