package resolve

import (
	"errors"
	"fmt"
)

// Outcome is the class of the result of a query.
type Outcome uint8

// The outcomes.
const (
	OutcomeAnswered Outcome = iota // an answer
	OutcomeNotFound                // [ErrNotFound]
	OutcomeNoData                  // [ErrNoData]
	OutcomeFailed                  // a failure without an outcome of its own, for example [ErrServFail]
	OutcomeTimeout                 // [ErrTimeout], of the query or of the servers
	OutcomeCanceled                // [ErrCanceled]
	OutcomeRefused                 // not asked, or the answer not passed on: [ErrQueueFull], [ErrName], [ErrFiltered], [ErrClosed]
	outcomes
)

// Outcomes is the number of outcomes, which are 0 to Outcomes-1.
const Outcomes = int(outcomes)

// OutcomeOf returns the outcome of a query with the result err.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return OutcomeAnswered
	case errors.Is(err, ErrNotFound):
		return OutcomeNotFound
	case errors.Is(err, ErrNoData):
		return OutcomeNoData
	case errors.Is(err, ErrTimeout):
		return OutcomeTimeout
	case errors.Is(err, ErrCanceled):
		return OutcomeCanceled
	case errors.Is(err, ErrQueueFull), errors.Is(err, ErrName), errors.Is(err, ErrFiltered), errors.Is(err, ErrClosed):
		return OutcomeRefused
	}
	return OutcomeFailed
}

func (o Outcome) String() string {
	switch o {
	case OutcomeAnswered:
		return "answered"
	case OutcomeNotFound:
		return "not found"
	case OutcomeNoData:
		return "no data"
	case OutcomeFailed:
		return "failed"
	case OutcomeTimeout:
		return "timeout"
	case OutcomeCanceled:
		return "canceled"
	case OutcomeRefused:
		return "refused"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}
