package resolve

import (
	"context"
	"errors"
	"fmt"
)

// Lookup asks a resolver and blocks until there is an answer, an error, or ctx is done; after that
// it must return soon. Any number of calls may run at once. This package does not recover from a
// panic in a Lookup.
type Lookup func(ctx context.Context, q Question) (Answer, error)

// ask runs the lookup and enforces its contract: an answer must be to this question and must not be
// empty.
func (l Lookup) ask(ctx context.Context, op string, q Question) (Answer, error) {
	a, err := l(ctx, q)
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
