package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// pattern holds the bytes of all messages. Each message of each connection begins at a different
// offset. Bytes that come back at the wrong place or on the wrong connection therefore do not
// compare equal.
type pattern struct {
	noise []byte
	size  int
}

const patternStarts = 1 << 16

func newPattern(size int, seed uint64) pattern {
	noise := make([]byte, patternStarts+size)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return pattern{noise, size}
}

func (p pattern) message(conn int, number int64) []byte {
	start := (uint64(conn)*40503 + uint64(number)*257) % patternStarts
	return p.noise[start : start+uint64(p.size)]
}

// exchange keeps depth messages in flight on conn until the load stops or it has sent its number.
// It then reads until all have come back.
//
// It never waits for room to write. If there is none, the server has bytes to send back, and
// reading them makes room. If both sides waited for room, they would deadlock.
func (l *loader) exchange(t *sched.Task, s *shard, conn *stream.Conn, index int) error {
	if err := t.Suspend(l.onStart); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(l.config.duration + l.config.grace)); err != nil {
		return err
	}
	e := exchange{loader: l, shard: s, conn: conn, index: index, sentAt: make([]time.Time, l.config.depth)}
	buf := make([]byte, min(64<<10, max(4<<10, l.config.depth*l.config.size)))
	into := [][]byte{buf}
	unyielded := 0
	for {
		if err := e.send(); err != nil {
			return err
		}
		if e.sent == e.received && e.sentBytes == 0 && e.sentAll() {
			return nil
		}
		n, err := conn.TryReadv(into)
		switch {
		case err == sys.ErrWouldBlock:
			unyielded = 0
			if err := e.wait(); err != nil {
				return err
			}
			continue
		case err == io.EOF:
			return fmt.Errorf("the server closed with %d messages in flight", e.sent-e.received)
		case err != nil:
			return err
		}
		if err := e.verify(buf[:n]); err != nil {
			return err
		}
		if unyielded += n; unyielded >= budgetBytes {
			unyielded = 0
			if err := t.Yield(); err != nil {
				return err
			}
		}
		// Everything that came back has been read. Send, and wait without a read that would block.
		// The other tasks send meanwhile.
		if err := e.send(); err != nil {
			return err
		}
		if conn.ShortReadDrains() && e.sent != e.received {
			unyielded = 0
			if err := e.wait(); err != nil {
				return err
			}
		}
	}
}

// wait waits for bytes that come back.
func (e *exchange) wait() error {
	err := e.conn.WaitRead()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%d messages have not come back %v after the last was sent: %w", e.sent-e.received, e.config.grace, err)
	}
	return err
}

// onStart calls f when the load begins.
func (l *loader) onStart(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.began.IsZero() {
		f()
		return
	}
	l.waiting = append(l.waiting, f)
}

// exchange is the state of one connection.
type exchange struct {
	*loader
	shard *shard
	conn  *stream.Conn
	index int

	sent          int64 // messages whose first byte was sent
	sentBytes     int   // of the last message, if it is incomplete
	received      int64 // messages that came back complete
	receivedBytes int   // of the message that is coming back
	sentAt        []time.Time
}

// sentAll reports whether no message follows those that have begun.
func (e *exchange) sentAll() bool {
	return e.stopped.Load() || e.config.messages > 0 && e.sent >= e.config.messages
}

// send writes messages until depth are in flight or the socket is full.
func (e *exchange) send() error {
	var segments [1][]byte
	for {
		if e.sentBytes == 0 {
			if e.sent-e.received >= int64(e.config.depth) || e.sentAll() {
				return nil
			}
			e.sentAt[e.sent%int64(e.config.depth)] = time.Now()
			e.sent++
		}
		segments[0] = e.pattern.message(e.index, e.sent-1)[e.sentBytes:]
		n, err := e.conn.TryWritev(segments[:])
		if err == sys.ErrWouldBlock {
			if e.sentBytes == 0 {
				e.sent--
			}
			return nil
		}
		if err != nil {
			return err
		}
		e.sentBytes = (e.sentBytes + n) % e.config.size
	}
}

// verify compares what came back with what was sent.
func (e *exchange) verify(got []byte) error {
	now := time.Now()
	for len(got) > 0 {
		if e.received == e.sent {
			return fmt.Errorf("%d bytes more than were sent", len(got))
		}
		want := e.pattern.message(e.index, e.received)[e.receivedBytes:]
		n := min(len(want), len(got))
		if !bytes.Equal(got[:n], want[:n]) {
			return fmt.Errorf("message %d came back changed (seed %d)", e.received, e.seed)
		}
		got = got[n:]
		e.receivedBytes += n
		if e.receivedBytes == e.config.size {
			e.receivedBytes = 0
			if !e.stopped.Load() {
				if err := e.shard.arrived(now.Sub(e.sentAt[e.received%int64(e.config.depth)])); err != nil {
					return err
				}
			}
			e.received++
		}
	}
	return nil
}
