//go:build unix

package stream

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// queueScript is the Waiter below a WriteQueue, the peer, and the other tasks of the loop. Each
// wait continues the script, which calls the queue again, until a word is an answer. So every
// operation runs inside every other, in a repeatable order. An operation that has to wait inside a
// wait gets ErrBusy, because no caller could resume it.
type queueScript struct {
	t      *testing.T
	words  []byte // two bytes per word: an operation and an amount
	q      *WriteQueue
	peer   sys.Handle
	depth  int  // nested waits
	drains bool // the script is over: the peer reads, and each wait is answered

	taken, received        int  // bytes of the stream
	pending                int  // bytes of a Write that has not returned
	finished, closed, gone bool // CloseWrite and Close were called; the peer has closed
	late, wasLate          bool // the deadline has passed, or had during an operation
	refused                bool // since the checked operation began, a TryWrite was refused or a Write was cut short
	unsent                 bool // Close or Run has returned ErrUnsent
	interrupts             int
}

func (s *queueScript) Register(sys.Handle) (Source, error) { return s, nil }
func (s *queueScript) Interrupt(sys.Direction)             { s.interrupts++ }
func (s *queueScript) ShortReadDrains() bool               { return false }
func (s *queueScript) Close() error                        { return nil }
func (s *queueScript) MayBlock() bool                      { return false }

// queueWaitsMax limits the waits for a peer that reads all that it receives.
const queueWaitsMax = 10_000

func (s *queueScript) Wait(d sys.Direction, _ time.Time) error {
	if d != sys.Writable || s.depth > 0 {
		s.t.Fatalf("Wait in direction %v inside %d waits, want writable inside none", d, s.depth)
	}
	s.depth++
	defer func() { s.depth-- }()
	if s.drains {
		if s.interrupts++; s.interrupts > queueWaitsMax {
			s.t.Fatal("the queue waits for room that it has")
		}
		s.read(1 << 20)
		return nil
	}
	for {
		if s.q.over {
			return net.ErrClosed
		}
		word, n, ok := s.next()
		switch {
		case !ok:
			return errFull
		case word == 0:
			return nil
		case word == 1:
			return os.ErrDeadlineExceeded // by the clock of the Waiter; the deadline may have moved
		}
		s.act(word, n)
	}
}

func (s *queueScript) next() (word byte, n int, ok bool) {
	if len(s.words) < 2 {
		return 0, 0, false
	}
	word, n = s.words[0]%13, int(s.words[1])
	s.words = s.words[2:]
	return word, n * n / 6, true
}

// act runs the operation of a word and checks its effect on the marks.
func (s *queueScript) act(word byte, n int) {
	congested, taken, refused, late := s.q.congested, s.taken, s.refused, s.wasLate
	s.refused, s.wasLate = false, s.late
	s.operate(word, n)
	queued := s.q.Queued()
	switch {
	case queued > s.q.High():
		s.t.Fatalf("%d bytes are queued, want at most %d", queued, s.q.High())
	case s.received+queued > s.taken+s.pending && !s.q.over:
		s.t.Fatalf("%d bytes are queued and %d received, want at most the %d that were taken", queued, s.received, s.taken)
	case !congested && s.q.congested && queued < s.q.High() && !s.refused:
		s.t.Fatalf("writes are refused at %d queued bytes, below the high mark", queued)
	case congested && !s.q.congested && !s.finished && queued > s.q.options.Low+s.taken-taken:
		s.t.Fatalf("writes are taken again at %d queued bytes, above the low mark; %d of them were added meanwhile", queued, s.taken-taken)
	}
	s.refused, s.wasLate = s.refused || refused, s.wasLate || late
}

func (s *queueScript) operate(word byte, n int) {
	switch word {
	case 2, 3:
		s.write(n)
	case 4, 5:
		_ = s.tryWrite(n)
	case 6:
		s.read(n)
	case 7:
		mark := s.taken
		if err := s.q.Flush(); err != nil {
			s.check("Flush", err)
		} else if s.taken-s.q.Queued() < mark {
			s.t.Fatalf("%d bytes are queued after Flush of the first %d of %d bytes", s.q.Queued(), mark, s.taken)
		}
	case 8:
		s.waitRoom(n)
	case 9:
		if err := s.q.Run(); err != nil || s.closed {
			s.ended("Run", err)
		} else {
			s.t.Fatal("Run returned nil before Close")
		}
	case 10:
		s.setDeadline(n)
	case 11:
		s.end(n)
	case 12:
		if n < 20 && !s.gone {
			s.gone = true
			_ = sys.Close(s.peer)
		}
	}
}

// bytes returns the next n bytes of the stream.
func (s *queueScript) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = streamByte(s.taken + i)
	}
	return p
}

func streamByte(i int) byte { return byte(i ^ i>>8*7) }

func (s *queueScript) write(n int) {
	p := s.bytes(n)
	before, pending := s.taken, s.pending
	s.pending = max(n, pending)
	written, err := s.q.Write(p)
	s.pending = pending
	if s.taken != before && written > 0 {
		s.t.Fatal("another write took bytes between those of a Write")
	}
	s.taken += written
	switch {
	case err == nil && written != n, written > n:
		s.t.Fatalf("Write of %d bytes returned %d, nil or too many", n, written)
	case err != nil:
		s.refused = true
		s.check("Write", err)
	}
}

func (s *queueScript) tryWrite(n int) error {
	writing, congested := s.q.writing, s.q.congested
	err := s.q.TryWrite(s.bytes(n))
	queued := s.q.Queued()
	switch {
	case n > s.q.High():
		if !errors.Is(err, ErrWriteTooLong) {
			s.t.Fatalf("TryWrite of %d bytes: %v, want ErrWriteTooLong", n, err)
		}
	case err == nil && writing:
		s.t.Fatal("TryWrite succeeded between the bytes of a Write")
	case err == nil:
		s.taken += n
	case err == sys.ErrWouldBlock:
		s.refused = true
		if !writing && !(congested && queued > s.q.options.Low) && queued+n <= s.q.High() {
			s.t.Fatalf("TryWrite of %d bytes is refused although they fit; %d are queued, congested before: %v", n, queued, congested)
		}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ErrBusy), errors.Is(err, errFull):
		s.t.Fatalf("TryWrite: %v, want no error of a wait", err)
	default:
		s.check("TryWrite", err)
	}
	return err
}

func (s *queueScript) waitRoom(n int) {
	err := s.q.WaitRoom(n)
	switch {
	case n > s.q.High():
		if !errors.Is(err, ErrWriteTooLong) {
			s.t.Fatalf("WaitRoom for %d bytes: %v, want ErrWriteTooLong", n, err)
		}
	case err != nil:
		s.check("WaitRoom", err)
	default:
		if s.tryWrite(n) == sys.ErrWouldBlock {
			s.t.Fatalf("TryWrite of %d bytes is refused after WaitRoom", n)
		}
	}
}

// read makes the peer read up to n bytes, and checks them.
func (s *queueScript) read(n int) (end bool) {
	for p := make([]byte, 4096); n > 0 && !s.gone; {
		got, err := sys.Recv(s.peer, p[:min(n, len(p))])
		if err == sys.ErrWouldBlock {
			return false
		}
		if got == 0 || err != nil {
			if !s.finished && !s.closed {
				s.t.Fatalf("the stream has ended before CloseWrite and Close: %v", err)
			}
			return true
		}
		for _, b := range p[:got] {
			if b != streamByte(s.received) {
				s.t.Fatalf("byte %d of the stream is wrong", s.received)
			}
			s.received++
		}
		n -= got
	}
	return s.gone
}

func (s *queueScript) setDeadline(n int) {
	before := s.interrupts
	t, late := time.Now().Add(time.Hour), false
	switch n % 3 {
	case 1:
		t = time.Time{}
	case 2:
		t, late = time.Now().Add(-time.Second), true
	}
	err := s.q.SetWriteDeadline(t)
	switch {
	case s.closed:
		if !errors.Is(err, net.ErrClosed) {
			s.t.Fatalf("SetWriteDeadline after Close: %v, want net.ErrClosed", err)
		}
		return
	case err != nil:
		s.t.Fatalf("SetWriteDeadline: %v", err)
	case s.depth > 0 && s.interrupts == before:
		s.t.Fatal("SetWriteDeadline during a Wait does not interrupt it")
	}
	s.late = late
	s.wasLate = s.wasLate || late
}

// end calls CloseWrite or Close.
func (s *queueScript) end(n int) {
	if n%2 == 0 {
		s.finished = true
		if err := s.q.CloseWrite(); err != nil {
			s.check("CloseWrite", err)
		} else if s.q.Queued() > 0 {
			s.t.Fatalf("%d bytes are queued after CloseWrite, want 0", s.q.Queued())
		}
		return
	}
	closed := s.closed
	s.closed = true
	if err := s.q.Close(); !closed {
		s.ended("Close", err)
	} else if !errors.Is(err, net.ErrClosed) {
		s.t.Fatalf("second Close: %v, want net.ErrClosed", err)
	}
}

// ended records the result of Close, or of Run after it, for what was queued.
func (s *queueScript) ended(what string, err error) {
	if s.unsent = s.unsent || errors.Is(err, ErrUnsent); err != nil && !errors.Is(err, ErrUnsent) {
		s.check(what, err)
	}
}

// check compares an error with the errors that the model allows.
func (s *queueScript) check(what string, err error) {
	ok := false
	switch {
	case errors.Is(err, net.ErrClosed):
		ok = s.closed
	case errors.Is(err, os.ErrDeadlineExceeded):
		ok = s.late || s.wasLate
	case errors.Is(err, ErrBusy):
		ok = s.depth > 0 || what == "Run"
	case errors.Is(err, errFull):
		ok = len(s.words) < 2
	case errors.Is(err, syscall.EPIPE):
		ok = s.gone || s.finished
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.ENOTCONN):
		ok = s.gone
	}
	if !ok {
		s.t.Fatalf("%s: unexpected error %v; finished %v, closed %v, peer gone %v, late %v, %d waits", what, err, s.finished, s.closed, s.gone, s.late, s.depth)
	}
}

// over sends what is left, or checks that the dropped bytes were reported.
func (s *queueScript) over() {
	if s.gone {
		return
	}
	s.drains, s.interrupts = true, 0
	if !s.closed {
		if err := s.q.SetWriteDeadline(time.Time{}); err != nil {
			s.t.Fatalf("SetWriteDeadline: %v", err)
		}
		s.finished = true
		if err := s.q.CloseWrite(); err != nil {
			s.t.Fatalf("CloseWrite while the peer reads: %v, want nil", err)
		}
	}
	if !s.read(1 << 30) {
		s.t.Fatalf("the stream does not end: the peer received %d bytes of %d", s.received, s.taken)
	}
	if dropped := s.received < s.taken; dropped != s.unsent || s.received > s.taken {
		s.t.Fatalf("the peer received %d bytes of %d; ErrUnsent was returned: %v", s.received, s.taken, s.unsent)
	}
}

// FuzzWriteQueue checks the promises of a WriteQueue on order, whole writes, marks, bounds and
// errors, whatever happens while its callers wait.
func FuzzWriteQueue(f *testing.F) {
	f.Add([]byte{2, 200, 6, 90, 0, 0, 6, 200, 0, 0, 4, 30, 4, 255, 7, 0, 6, 250, 0, 0}, uint16(5000), uint16(100), true)
	f.Add([]byte{4, 100, 4, 180, 4, 180, 8, 90, 6, 240, 0, 0, 9, 0, 10, 5, 11, 5}, uint16(8000), uint16(2000), true)
	f.Add([]byte{2, 255, 4, 3, 11, 4, 2, 9, 6, 255, 0, 0, 6, 255, 1, 0}, uint16(1), uint16(0), false)
	f.Add([]byte{4, 200, 4, 200, 4, 200, 4, 200, 9, 0, 11, 5, 6, 255, 0, 0, 6, 255, 0, 0, 6, 255, 0, 0}, uint16(9000), uint16(0), true)
	f.Add([]byte{4, 180, 12, 3, 4, 180, 2, 200, 7, 0, 11, 5}, uint16(6000), uint16(10), false)
	f.Fuzz(func(t *testing.T, words []byte, high, low uint16, lingers bool) {
		a, b, err := sys.SocketPair()
		require.NoError(t, err)
		s := &queueScript{t: t, words: words, peer: b}
		defer func() {
			if !s.gone {
				_ = sys.Close(b)
			}
		}()
		sock, err := Adopt(a)
		var c *Conn
		if err == nil {
			c, err = NewConn(sock, s)
		}
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.SetWriteBuffer(4<<10))
		o := WriteQueueOptions{High: 1 + int(high)%16_000, Linger: -1}
		o.Low = max(int(low)%o.High, min(1, o.High-1)) // zero would select a default
		if lingers {
			o.Linger = time.Hour
		}
		s.q = NewWriteQueue(c, o)
		for {
			word, n, ok := s.next()
			if !ok {
				break
			}
			s.act(word, n)
		}
		s.over()
	})
}
