package adapter

import (
	"bufio"
	"bytes"
	"unicode/utf8"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// ReadByte reads one byte.
func (r *WaitReader) ReadByte() (byte, error) {
	r.Settle()
	for r.Buffer.Len() == 0 {
		if r.err != nil {
			return 0, r.takeErr()
		}
		r.fill()
	}
	p, err := r.Buffer.View(1)
	if err != nil {
		return 0, err
	}
	r.returned(1, true)
	return p[0], nil
}

// UnreadByte makes the last byte available again. It returns bufio.ErrInvalidUnreadByte unless the
// previous call has read bytes and was not Peek, Discard, WriteTo or ReadMessage.
func (r *WaitReader) UnreadByte() error {
	if !r.last.some {
		return bufio.ErrInvalidUnreadByte
	}
	if r.taken == 0 {
		// The byte bypassed an empty Buffer, so the end of the Buffer is its beginning.
		if err := (Writer{r.Buffer}).WriteByte(r.last.byte); err != nil {
			return err
		}
	} else {
		r.taken--
	}
	r.last = lastRead{}
	return nil
}

// ReadRune reads one UTF-8 character and returns it with its size in bytes. For invalid UTF-8 it
// reads one byte and returns U+FFFD.
func (r *WaitReader) ReadRune() (c rune, size int, err error) {
	r.Settle()
	for {
		n := min(r.Buffer.Len(), utf8.UTFMax)
		p, err := r.Buffer.View(n)
		if err != nil {
			return 0, 0, err
		}
		if n > 0 && (utf8.FullRune(p) || r.err != nil || n == r.Buffer.Limit()) {
			c, size = utf8.DecodeRune(p)
			r.returned(size, true)
			r.last.rune = size
			return c, size, nil
		}
		if r.err != nil {
			return 0, 0, r.takeErr()
		}
		r.fill()
	}
}

// UnreadRune makes the last character available again. It returns bufio.ErrInvalidUnreadRune unless
// the previous call was a ReadRune that has read one.
func (r *WaitReader) UnreadRune() error {
	if r.last.rune == 0 {
		return bufio.ErrInvalidUnreadRune
	}
	r.taken, r.last = 0, lastRead{}
	return nil
}

// ReadSlice reads up to and including the first delim, and returns a slice of the Buffer. If the
// slice does not end in delim, the error is the reason: ErrTooLarge if Limit bytes contain none.
func (r *WaitReader) ReadSlice(delim byte) ([]byte, error) {
	r.Settle()
	from, n := 0, 0
	for {
		if i := message.IndexFrom(r.Buffer, from, delim); i >= 0 {
			n = i + 1
			break
		}
		from = r.Buffer.Len()
		if r.err != nil || from == r.Buffer.Limit() {
			break
		}
		r.fill()
	}
	found := n > 0
	if !found {
		n = from
	}
	p, err := r.Buffer.View(n)
	switch {
	case err != nil:
		return nil, err
	case found:
	case r.err != nil:
		err = r.takeErr()
	default:
		err = bufstrategy.ErrTooLarge
	}
	r.returned(n, true)
	return p, err
}

// ReadBytes is like ReadSlice, but returns a copy.
func (r *WaitReader) ReadBytes(delim byte) ([]byte, error) {
	p, err := r.ReadSlice(delim)
	p = bytes.Clone(p)
	r.copied()
	return p, err
}

// ReadString is like ReadSlice, but returns a string.
func (r *WaitReader) ReadString(delim byte) (string, error) {
	p, err := r.ReadSlice(delim)
	s := string(p)
	r.copied()
	return s, err
}

// copied consumes the bytes that ReadSlice returned, except the one that UnreadByte may need.
func (r *WaitReader) copied() {
	n := r.taken
	r.taken = 0
	r.returned(n, false)
}

// ReadLine reads a line and returns it without its end, "\n" or "\r\n". It returns a line of more
// than Limit bytes in parts, with isPrefix set on all except the last. Most callers want a
// [message.Lines] with ReadMessage instead.
func (r *WaitReader) ReadLine() (line []byte, isPrefix bool, err error) {
	line, err = r.ReadSlice('\n')
	n := len(line)
	switch {
	case err == bufstrategy.ErrTooLarge:
		if n > 1 && line[n-1] == '\r' {
			// It may be the first half of a line end, which the next call decides.
			r.taken--
			line = line[:n-1]
		}
		return line, true, nil
	case n == 0:
		return nil, false, err
	case line[n-1] != '\n':
	case n > 1 && line[n-2] == '\r':
		line = line[:n-2]
	default:
		line = line[:n-1]
	}
	return line, false, nil
}
