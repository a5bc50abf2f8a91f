package stream

import (
	"io"

	"github.com/edgewise-go/edgewise/sys"
)

// plainBytes is how much a buffer reads per call where splice(2) stops.
const plainBytes = 4 << 10

// splicing moves bytes from one connection to another through the pipe with the ends r and w. The
// caller holds the turns of both connections.
//
// splice(2) does not pass TCP's urgent mark. It reports would-block there while poll(2) reports the
// socket readable, and at the end of the stream it returns 0 with bytes still there. recv(2) passes
// the mark. So where a mark is possible, a buffer reads and writes some bytes, and splice(2) then
// continues.
type splicing struct {
	from, to *Conn
	r, w     sys.Handle
	buffer   []byte // allocated on first use
}

// in moves up to most bytes into the pipe, which must be empty. It suspends the caller until at
// least one byte arrives. It returns the number of bytes, and the bytes themselves if they are not
// in the pipe. Zero means the end of the stream.
func (s *splicing) in(most int64) (moved int64, plain []byte, err error) {
	c := s.from
	for {
		if c.in.expired() {
			return 0, nil, c.late()
		}
		moved, err := s.move(&c.sock, c.sock.handle, s.w, most)
		if err == nil && moved > 0 {
			c.in.progressed()
		}
		if err != nil && err != sys.ErrWouldBlock || moved > 0 {
			return moved, nil, err
		}
		// An unreported mark with bytes after it is still to be reported, so the wait will make
		// progress.
		if err == nil || c.in.woken || !c.mayDrainShort() {
			plain, err = s.read(most)
			if err != sys.ErrWouldBlock {
				return int64(len(plain)), plain, err
			}
		}
		if err := c.in.wait(&c.sock, c.reg, sys.Readable); err != nil {
			return 0, nil, err
		}
	}
}

// read reads up to most bytes without splice(2). It returns none at the end of the stream.
func (s *splicing) read(most int64) ([]byte, error) {
	n, err := s.from.sock.TryRead(s.room(most))
	if err == io.EOF {
		return nil, nil
	}
	if n > 0 {
		s.from.in.progressed()
	}
	return s.buffer[:n], err
}

// room returns the buffer, cut to at most most bytes.
func (s *splicing) room(most int64) []byte {
	if s.buffer == nil {
		s.buffer = make([]byte, plainBytes)
	}
	return s.buffer[:min(most, plainBytes)]
}

// out moves what in has returned to the peer, and suspends the caller while the kernel takes no
// more. It returns how many bytes the kernel took.
func (s *splicing) out(moved int64, plain []byte) (sent int64, err error) {
	if plain != nil {
		n, err := s.to.writeAll(plain)
		return int64(n), err
	}
	for sent < moved {
		n, err := s.outOnce(moved - sent)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// outOnce moves some of the bytes in the pipe, at most most. If splice(2) would block and the wait
// brought no progress, a buffer moves them.
func (s *splicing) outOnce(most int64) (int64, error) {
	c := s.to
	for {
		if c.out.expired() {
			return 0, c.late()
		}
		n, err := s.move(&c.sock, s.r, c.sock.handle, most)
		if err != sys.ErrWouldBlock {
			c.out.progressed()
			return n, err
		}
		if c.out.woken {
			k, err := sys.Read(s.r, s.room(most))
			if err != nil {
				return 0, err
			}
			n, err := c.writeAll(s.buffer[:k])
			return int64(n), err
		}
		if err := c.out.wait(&c.sock, c.reg, sys.Writable); err != nil {
			return 0, err
		}
	}
}

// move calls splice(2) while sock, one of the two sockets, is kept open.
func (s *splicing) move(sock *Socket, from, to sys.Handle, most int64) (int64, error) {
	if err := sock.acquire(); err != nil {
		return 0, err
	}
	defer sock.release()
	if err := sock.keep(); err != nil {
		return 0, err
	}
	return sys.Splice(from, to, most)
}
