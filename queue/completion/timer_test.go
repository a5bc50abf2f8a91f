package completion

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// sleeper is a queue whose Wait sleeps on the clock of a test. The handle that is registered is
// always ready, and fills every Wait.
type sleeper struct {
	queue.Queue
	wakes  chan struct{}
	closed chan struct{}
	ready  *queue.Registration // ready in every Wait
}

func newSleeper() *sleeper {
	return &sleeper{wakes: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (s *sleeper) Features() queue.Features { return queue.Features{Mechanism: "sleeper"} }

func (s *sleeper) Wait(events []queue.Event, timeout time.Duration) (int, error) {
	if s.ready != nil {
		for i := range events {
			events[i] = queue.Event{Token: s.ready.Token, Ready: queue.Ready(queue.Readable)}
		}
		return len(events), nil
	}
	var passed <-chan time.Time
	if timeout >= 0 {
		passed = time.After(timeout)
	}
	select {
	case <-s.wakes:
	case <-passed:
	case <-s.closed:
		return 0, queue.ErrClosed
	}
	return 0, nil
}

func (s *sleeper) Add(_ sys.Handle, r queue.Registration) error {
	s.ready = &r
	return nil
}

func (s *sleeper) Wake() error {
	select {
	case s.wakes <- struct{}{}:
	default:
	}
	return nil
}

func (s *sleeper) Close() error {
	close(s.closed)
	return nil
}

func TestTimeoutsEndInTimeAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		below := newSleeper()
		q, err := New(below, Options{})
		require.NoError(t, err)
		defer q.Close()
		begin, events := time.Now(), make([]queue.Event, 1)
		const count = 100
		var ids [count]queue.OpID
		for _, i := range rand.Perm(count) {
			op := queue.Op{Token: queue.Token(i), Kind: queue.OpTimeout, After: time.Duration(i) * time.Second}
			ids[i], err = q.Submit(&op)
			require.NoError(t, err)
		}
		for i := 3; i < count; i += 7 {
			require.NoError(t, q.Cancel(ids[i]))
		}
		canceled := 0
		for next := 0; next < count; {
			n, err := q.Wait(events, -1)
			require.NoError(t, err)
			require.Equal(t, 1, n)
			if events[0].Err() != nil {
				canceled++
				continue
			}
			for next%7 == 3 {
				next++
			}
			require.EqualValues(t, next, events[0].Token)
			require.Equal(t, time.Duration(next)*time.Second, time.Since(begin))
			if next++; next == count-1 && next%7 == 3 {
				next++
			}
		}
		require.Equal(t, 14, canceled)
	})
}

func TestATimeoutMayBeTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, err := New(newSleeper(), Options{})
		require.NoError(t, err)
		defer q.Close()
		time.Sleep(time.Second) // the queue counts from its beginning
		_, err = q.Submit(&queue.Op{Kind: queue.OpTimeout, After: math.MaxInt64})
		require.NoError(t, err)
		n, err := q.Wait(make([]queue.Event, 1), time.Hour)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// Each Wait returns at its own timeout. The one that watched the timer hands it over.
func TestABlockedWaitTakesOverTheTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, err := New(newSleeper(), Options{})
		require.NoError(t, err)
		defer q.Close()
		got := make(chan time.Duration, 1)
		begin := time.Now()
		go func() {
			n, err := q.Wait(make([]queue.Event, 1), -1)
			if n != 1 || err != nil {
				t.Errorf("wait: got %d, %v; want 1, nil", n, err)
			}
			got <- time.Since(begin)
		}()
		synctest.Wait()
		go func() {
			if n, err := q.Wait(make([]queue.Event, 1), time.Second); n != 0 || err != nil {
				t.Errorf("wait: got %d, %v; want 0, nil", n, err)
			}
		}()
		synctest.Wait()
		_, err = q.Submit(&queue.Op{Kind: queue.OpTimeout, After: time.Minute})
		require.NoError(t, err)
		require.Equal(t, time.Minute, <-got)
	})
}

// Neither readiness nor completions wait for the others to end, even with room for one event.
func TestReadinessAndCompletionsTakeTurns(t *testing.T) {
	const each = 12
	for room := 1; room <= 3; room++ {
		q, err := New(newSleeper(), Options{})
		require.NoError(t, err)
		defer q.Close()
		require.NoError(t, q.Add(1, queue.Registration{Interest: queue.Readable}))
		for range each {
			_, err := q.Submit(&queue.Op{Kind: queue.OpTimeout})
			require.NoError(t, err)
		}
		completions, readiness, events := 0, 0, make([]queue.Event, room)
		for range 2 * each {
			n, err := q.Wait(events, -1)
			require.NoError(t, err)
			for _, e := range events[:n] {
				if e.Completion != 0 {
					completions++
				} else {
					readiness++
				}
			}
		}
		if completions != each || readiness < each {
			t.Errorf("room for %d: got %d completions, %d events of readiness; want %d, at least %d", room, completions, readiness, each, each)
		}
	}
}

func TestTheBoundCountsWhatIsNotReturned(t *testing.T) {
	q, err := New(newSleeper(), Options{MaxOperations: 1})
	require.NoError(t, err)
	defer q.Close()
	op := queue.Op{Kind: queue.OpTimeout}
	id, err := q.Submit(&op)
	require.NoError(t, err)
	require.NoError(t, q.Cancel(id))
	_, err = q.Submit(&op)
	require.ErrorIs(t, err, queue.ErrFull)
	n, err := q.Wait(make([]queue.Event, 1), 0)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = q.Submit(&op)
	require.NoError(t, err)
}

func TestANegativeBoundIsInvalid(t *testing.T) {
	if _, err := New(newSleeper(), Options{MaxOperations: -1}); err == nil {
		t.Error("got no error, want ErrInvalid")
	}
}
