package resolve

import (
	"context"
	"errors"
)

// Wait answers question for a goroutine that may block: it calls Try, then Start, then waits for
// the completion or for ctx. It returns [ErrCanceled] or [ErrTimeout] if ctx ends first. With
// [Blocking] it returns only after the lookup does.
func Wait(ctx context.Context, s Strategy, question Question) (Answer, error) {
	if a, err := s.Try(question); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	var answer Answer
	var err error
	inbox, ready := blockingInbox()
	q := &Query{Question: question, Inbox: inbox, Done: func(a Answer, e error) { answer, err = a, e }}
	// Register the cancellation before Start, which may be the slow part.
	detach := context.AfterFunc(ctx, func() { q.end(causeOf(ctx)) })
	defer detach()
	s.Start(q)
	<-ready
	inbox.Run(0)
	return answer, err
}

// blockingInbox returns an inbox for one goroutine, and a channel that receives when the inbox is
// not empty.
func blockingInbox() (*Inbox, <-chan struct{}) {
	ready := make(chan struct{}, 1)
	return NewInbox(func() error {
		select {
		case ready <- struct{}{}:
		default:
		}
		return nil
	}), ready
}

func causeOf(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrTimeout
	}
	return ErrCanceled
}
