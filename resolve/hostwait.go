package resolve

import (
	"context"
	"errors"
)

// Wait answers question like the function [Wait], and suspends the caller in Suspend if that is
// set. An error of Suspend cancels the query and is returned.
func (h *Host) Wait(ctx context.Context, question Question) (Answer, error) {
	if a, err := h.Strategy.Try(question); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	var answer Answer
	var err error
	finished := false
	inbox, wait := h.waitingInbox()
	q := &Query{Question: question, Inbox: inbox, Done: func(a Answer, e error) { answer, err, finished = a, e, true }}
	// Register the cancellation before Start, which may be the slow part.
	detach := context.AfterFunc(ctx, func() { q.end(causeOf(ctx)) })
	defer detach()
	h.Strategy.Start(q)
	for !finished {
		if reason := wait(); reason != nil {
			q.end(ErrCanceled)
			inbox.Close()
			inbox.Run(0)
			return Answer{}, reason
		}
		inbox.Run(0)
	}
	return answer, err
}
