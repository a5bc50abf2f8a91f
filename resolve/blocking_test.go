package resolve

import (
	"context"
	"errors"
	"testing"
)

// Start of Blocking occupies its thread, so only another goroutine can end the query.
func TestBlockingIsEndedByOthers(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(b *Blocking, q *Query)
		want error
	}{
		"cancel": {func(_ *Blocking, q *Query) { q.Cancel() }, ErrCanceled},
		"close":  {func(b *Blocking, _ *Query) { b.Close() }, ErrClosed},
	} {
		entered := make(chan struct{})
		b := NewBlocking(func(ctx context.Context, q Question) (Answer, error) {
			close(entered)
			<-ctx.Done()
			return Answer{}, ctx.Err()
		})
		inbox := NewInbox(nil)
		var got []error
		q := &Query{Question: mustQuestion(t, "one.example", TypeA), Inbox: inbox, Done: func(_ Answer, err error) { got = append(got, err) }}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			<-entered
			c.end(b, q)
		}()
		b.Start(q)
		<-ended
		if inbox.Run(0); len(got) != 1 || !errors.Is(got[0], c.want) {
			t.Errorf("%s: got completions %v, want one: %v", name, got, c.want)
		}
	}
}

func TestWaitEndsABlockingLookup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := NewBlocking(func(ctx context.Context, q Question) (Answer, error) {
		cancel()
		<-ctx.Done()
		return Answer{}, ctx.Err()
	})
	if _, err := Wait(ctx, b, mustQuestion(t, "one.example", TypeA)); !errors.Is(err, ErrCanceled) {
		t.Errorf("Wait: got %v, want ErrCanceled", err)
	}
	ctx, cancel = context.WithCancel(t.Context()) // the lookup also cancels this one
	defer cancel()
	if _, err := (&Host{Strategy: b}).Lookup(ctx, "one.example", FamilyBoth); !errors.Is(err, ErrCanceled) {
		t.Errorf("Lookup: got %v, want ErrCanceled", err)
	}
}
