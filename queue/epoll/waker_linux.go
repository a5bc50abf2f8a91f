package epoll

import "fmt"

// wakeData is the epoll data of the waker. No handle has this number.
const wakeData = ^uint64(0)

// takeWake makes the next Wake signal again.
func (q *instance) takeWake() error {
	if q.waker.FillsUp() {
		if err := q.waker.Clear(); err != nil {
			return q.Failed("wait", fmt.Errorf("clear waker: %w", err))
		}
	}
	q.WakeTaken()
	return nil
}
