package main

import (
	"errors"
	"io"
	"os"
	"time"
)

// A task yields after it has written yieldBytes of a body. A peer that takes everything at once
// never makes the task wait.
const yieldBytes = 256 << 10

// sendBytes bounds what one sendfile call sends; the task yields after each call. A call of this
// size took 130 microseconds on loopback, which is within the turn budget. A quarter of the size
// took a third more processor time per byte.
const sendBytes = 1 << 20

func (s *server) borrow() *[copyBytes]byte {
	if buf, ok := s.copies.Get().(*[copyBytes]byte); ok {
		return buf
	}
	return new([copyBytes]byte)
}

// copyFrom copies r to its end into w through a borrowed buffer.
func (c *connection) copyFrom(w io.Writer, r io.Reader) (total int64, err error) {
	buf := c.server.borrow()
	defer c.server.copies.Put(buf)
	unyielded := 0
	for {
		n, rerr := r.Read(buf[:])
		if n > 0 {
			n, err = w.Write(buf[:n])
			total += int64(n)
			if err != nil {
				return total, err
			}
			if unyielded += n; unyielded >= yieldBytes {
				unyielded = 0
				if err := c.task.Yield(); err != nil {
					return total, err
				}
			}
		}
		if rerr == io.EOF {
			return total, nil
		}
		if rerr != nil {
			return total, rerr
		}
	}
}

// sendFile sends the next n bytes of a file after what the writer has. It sends fewer if the file
// has become shorter. Over plain http the bytes do not pass through the process.
func (c *connection) sendFile(file *os.File, n int64) (sent int64, err error) {
	if c.tls != nil {
		return c.copyFrom(c.writer, io.LimitReader(file, n))
	}
	defer func() { c.part.R = nil }() // an idle connection does not hold the file
	if err := c.writer.Flush(); err != nil {
		return 0, err
	}
	for sent < n {
		if err := c.raw.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
			return sent, err
		}
		// Each call yields if the task has spent its turn.
		c.part = io.LimitedReader{R: file, N: min(n-sent, sendBytes)}
		k, err := c.raw.ReadFrom(&c.part)
		sent += k
		switch {
		case err != nil && k > 0 && errors.Is(err, os.ErrDeadlineExceeded): // the peer takes little, but it does
		case err != nil:
			return sent, err
		case k == 0:
			return sent, nil
		}
	}
	return sent, nil
}
