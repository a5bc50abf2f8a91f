package resolve

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// finished puts a finished query into b; its Done increments n.
func finished(t *testing.T, b *Inbox, n *int) *Query {
	t.Helper()
	q := &Query{Question: mustQuestion(t, "one.example", TypeA), Inbox: b, Done: func(Answer, error) { *n++ }}
	silent{}.Start(q)
	return q
}

func TestARefusedWakeIsTriedAgainUntilItIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		refusals, wakes := 12, 0
		b := NewInbox(func() error {
			mu.Lock()
			defer mu.Unlock()
			wakes++
			if wakes <= refusals {
				return errors.New("full")
			}
			return nil
		})
		n := 0
		finished(t, b, &n)
		finished(t, b, &n)
		time.Sleep(time.Minute) // on the test's clock
		synctest.Wait()
		mu.Lock()
		got := wakes
		mu.Unlock()
		if got != refusals+1 || b.Len() != 2 {
			t.Errorf("got %d wakes, %d waiting queries, want %d and 2", got, b.Len(), refusals+1)
		}
		if b.Run(0) != 2 || n != 2 {
			t.Errorf("got %d completions, want 2", n)
		}
	})
}

func TestAnEmptiedOrClosedInboxWakesNobody(t *testing.T) {
	for _, end := range []func(b *Inbox){func(b *Inbox) { b.Run(0) }, (*Inbox).Close} {
		synctest.Test(t, func(t *testing.T) {
			wakes := 0
			b := NewInbox(func() error { wakes++; return errors.New("full") })
			n := 0
			finished(t, b, &n)
			end(b)
			time.Sleep(time.Minute) // on the test's clock
			if b.Run(0); wakes != 1 || n != 1 {
				t.Errorf("got %d wakes, %d completions, want 1 and 1", wakes, n)
			}
		})
	}
}

func TestRunIsBoundedAndWakesForTheRest(t *testing.T) {
	wakes, n := 0, 0
	b := NewInbox(func() error { wakes++; return nil })
	for range 5 {
		finished(t, b, &n)
	}
	if wakes != 1 {
		t.Errorf("got %d wakes for a burst, want 1", wakes)
	}
	if ran := b.Run(2); ran != 2 || n != 2 || wakes != 2 {
		t.Errorf("Run(2): got %d, %d completions, %d wakes, want 2, 2, 2", ran, n, wakes)
	}
	// Queries that Done starts are left for the next Run. Otherwise a loop that answers from memory
	// would never return from Run.
	again := 0
	q := &Query{Question: mustQuestion(t, "one.example", TypeA), Inbox: b, Done: func(Answer, error) { finished(t, b, &again) }}
	silent{}.Start(q)
	if ran := b.Run(0); ran != 4 || again != 0 || b.Len() != 1 || wakes != 3 {
		t.Errorf("Run(0): got %d, %d started by Done, %d left, %d wakes, want 4, 0, 1, 3", ran, again, b.Len(), wakes)
	}
}

func TestAPanicInDoneStrandsNobody(t *testing.T) {
	wakes, n := 0, 0
	b := NewInbox(func() error { wakes++; return nil })
	q := &Query{Question: mustQuestion(t, "one.example", TypeA), Inbox: b, Done: func(Answer, error) { panic("in Done") }}
	silent{}.Start(q)
	finished(t, b, &n)
	func() {
		defer func() { _ = recover() }()
		b.Run(0)
	}()
	if b.Run(0); n != 1 || wakes != 2 {
		t.Errorf("got %d completions, %d wakes, want 1 and 2", n, wakes)
	}
}

func TestACancelThatComesTooLateKeepsTheResult(t *testing.T) {
	n := 0
	b := NewInbox(nil)
	q := finished(t, b, &n)
	if q.Cancel() {
		t.Errorf("Cancel of a finished query: got true, want false")
	}
	if !errors.Is(q.err, ErrServFail) {
		t.Errorf("result after a late Cancel: got %v, want ErrServFail", q.err)
	}
	canceled := &Query{Question: q.Question, Inbox: b, Done: func(Answer, error) {}}
	canceled.Accept(nil)
	for _, call := range []string{"that won", "repeated"} {
		if !canceled.Cancel() {
			t.Errorf("Cancel %s: got false, want true", call)
		}
	}
}

func TestMisuseOfAQueryPanics(t *testing.T) {
	q := mustQuestion(t, "one.example", TypeA)
	n := 0
	for name, f := range map[string]func(){
		"no inbox":      func() { silent{}.Start(&Query{Question: q}) },
		"no Done":       func() { silent{}.Start(&Query{Question: q, Inbox: NewInbox(nil)}) },
		"started twice": func() { silent{}.Start(finished(t, NewInbox(nil), &n)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got no panic", name)
				}
			}()
			f()
		}()
	}
}
