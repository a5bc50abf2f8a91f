package adapter_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
)

// twins are a WaitReader and the bufio.Reader that it must match.
type twins struct {
	t     testing.TB
	got   *adapter.WaitReader
	want  *bufio.Reader
	undo  undo
	ended bool
}

// undo is the expected outcome of UnreadByte.
type undo int

const (
	refused undo = iota
	possible
	unknown // bufio and WaitReader need not agree: the last call failed
)

func undoAfter(read bool) undo {
	if read {
		return possible
	}
	return unknown
}

// same compares results. ErrTooLarge and ErrBufferFull count as the same error.
func (w *twins) same(what string, got, want any, err, wantErr error) {
	w.t.Helper()
	if wantErr == bufio.ErrBufferFull {
		wantErr = bufstrategy.ErrTooLarge
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) || err != wantErr {
		w.t.Fatalf("%s: got %q, %v, bufio returns %q, %v", what, got, err, want, wantErr)
	}
	w.ended = wantErr == io.EOF
}

func (w *twins) step(op, arg int) {
	switch delim := byte(arg); op % 13 {
	case 0, 1:
		w.read(1 + arg)
	case 2:
		w.unreadByte()
	case 3:
		w.readRune(arg%2 == 0)
	case 4:
		p, err := w.got.Peek(arg)
		q, wantErr := w.want.Peek(arg)
		w.same("Peek", p, q, err, wantErr)
		w.undo = refused
	case 5:
		n, err := w.got.Discard(1 + arg)
		// bufio.Reader.Discard may lose an error that it has read ahead.
		m, wantErr := io.CopyN(io.Discard, struct{ io.Reader }{w.want}, int64(1+arg))
		w.same("Discard", int64(n), m, err, wantErr)
		w.undo = unknown
	case 6, 7:
		p, err := w.got.ReadSlice(delim)
		q, wantErr := w.want.ReadSlice(delim)
		w.same("ReadSlice", p, q, err, wantErr)
		w.undo = undoAfter(len(p) > 0)
	case 8:
		p, err := w.got.ReadBytes(delim)
		for n := len(p); err == bufstrategy.ErrTooLarge && n == w.got.Buffer.Limit(); {
			var more []byte
			more, err = w.got.ReadBytes(delim)
			p, n = append(p, more...), len(more)
		}
		q, wantErr := w.want.ReadBytes(delim)
		w.same("ReadBytes", p, q, err, wantErr)
		w.undo = undoAfter(err == nil)
	case 9:
		s, err := w.got.ReadString('\n')
		for n := len(s); err == bufstrategy.ErrTooLarge && n == w.got.Buffer.Limit(); {
			var more string
			more, err = w.got.ReadString('\n')
			s, n = s+more, len(more)
		}
		q, wantErr := w.want.ReadString('\n')
		w.same("ReadString", s, q, err, wantErr)
		w.undo = undoAfter(err == nil)
	case 10:
		p, prefix, err := w.got.ReadLine()
		q, wantPrefix, wantErr := w.want.ReadLine()
		w.same("ReadLine", p, q, err, wantErr)
		if prefix != wantPrefix {
			w.t.Fatalf("ReadLine: isPrefix %v", prefix)
		}
		w.undo = undoAfter(err == nil && !prefix)
	case 11:
		w.readByte()
	case 12:
		if arg%8 == 0 {
			w.writeTo()
		}
	}
}

// read compares the result of one Read, whatever its length.
func (w *twins) read(n int) {
	p := make([]byte, n)
	n, err := w.got.Read(p)
	w.undo = undoAfter(n > 0)
	if n == 0 {
		_, wantErr := w.want.Read(make([]byte, len(p)))
		w.same("Read", 0, 0, err, wantErr)
		return
	}
	q := make([]byte, n)
	if _, err := io.ReadFull(w.want, q); err != nil {
		w.t.Fatalf("Read: %d bytes more than bufio has: %v", n, err)
	}
	w.same("Read", p[:n], q, err, nil)
}

func (w *twins) readByte() {
	c, err := w.got.ReadByte()
	d, wantErr := w.want.ReadByte()
	w.same("ReadByte", c, d, err, wantErr)
	w.undo = undoAfter(err == nil)
}

func (w *twins) readRune(again bool) {
	c, n, err := w.got.ReadRune()
	d, m, wantErr := w.want.ReadRune()
	w.same("ReadRune", [2]int{int(c), n}, [2]int{int(d), m}, err, wantErr)
	w.undo = undoAfter(n > 0)
	if n > 0 && again {
		w.same("UnreadRune", 0, 0, w.got.UnreadRune(), w.want.UnreadRune())
		w.undo = refused
	}
}

func (w *twins) unreadByte() {
	if w.undo == unknown {
		return
	}
	err, wantErr := w.got.UnreadByte(), w.want.UnreadByte()
	w.same("UnreadByte", 0, 0, err, wantErr)
	if (err == nil) != (w.undo == possible) {
		w.t.Fatalf("UnreadByte: %v", err)
	}
	w.undo = refused
}

func (w *twins) writeTo() {
	var p, q bytes.Buffer
	n, err := w.got.WriteTo(&p)
	m, wantErr := io.Copy(&q, struct{ io.Reader }{w.want})
	w.same("WriteTo", p.String(), q.String(), err, wantErr)
	if n != m {
		w.t.Fatalf("WriteTo: %d, want %d", n, m)
	}
	if w.got.UnreadByte() != bufio.ErrInvalidUnreadByte || w.got.UnreadRune() != bufio.ErrInvalidUnreadRune {
		w.t.Fatal("UnreadByte succeeded after WriteTo")
	}
	w.undo = unknown
}

func FuzzWaitReader(f *testing.F) {
	text := []byte("some text\r\nand\n\nmore\xc3\xa4\xe2\x82\xac\xff\xf0\x9f\x98\x80, the last line of which has no end")
	f.Add(uint8(0), uint8(0), uint16(0), uint16(3), text, []byte{3, 0, 7}, []byte("\x00\x05\x07\x0a\x0b\x00\x0c\x00\x02\x00\x03\x01"))
	f.Add(uint8(1), uint8(1), uint16(9), uint16(30), text, []byte{40}, []byte("\x05\xff\x06\x04\x09\x6f\x0d\x00\x0c\x00\x02\x00\x03\x01"))
	f.Fuzz(func(t *testing.T, strategy, mode uint8, limit, at uint16, data, pieces, ops []byte) {
		name := buftest.FuzzNames[int(strategy)%len(buftest.FuzzNames)]
		checkTwins(t, buftest.Place(t, name, 16+int(limit)%600, int(at)), int(mode)%modes, data, pieces, ops)
	})
}

func checkTwins(t testing.TB, b *buftest.Bench, mode int, data, pieces, ops []byte) {
	if len(bytes.Trim(pieces, "\x00")) == 0 {
		pieces = []byte{7}
	}
	want := bufio.NewReaderSize(&incoming{t: t, data: data, pieces: pieces}, b.Limit())
	w := &twins{t: t, got: waitReader(t, b, mode, data, pieces), want: want}
	for ; len(ops) >= 2; ops = ops[2:] {
		w.step(int(ops[0]), int(ops[1]))
		b.Disturb()
	}
	for !w.ended {
		w.readByte()
	}
}

func TestWaitReaderAnswersAsBufioDoes(t *testing.T) {
	const seed = 21
	rng := rand.New(rand.NewPCG(seed, seed))
	letters := []byte("abc\n\r\xc3\xa4\xf0\x9f\x98\x80")
	for _, name := range bufstrategy.Names() {
		for mode := range modes {
			for i := range buftest.Extent(12, 60) {
				data := make([]byte, rng.IntN(6000))
				for j := range data {
					data[j] = letters[rng.IntN(len(letters))]
				}
				pieces, ops := make([]byte, 20), make([]byte, 600)
				for _, p := range [][]byte{pieces, ops} {
					for j := range p {
						p[j] = byte(rng.IntN(256))
					}
				}
				b := buftest.Place(t, name, 16+rng.IntN(600), rng.IntN(600))
				checkTwins(t, b, mode, data, pieces, ops)
				if t.Failed() {
					t.Fatalf("%s, mode %d, seed %d, round %d", name, mode, seed, i)
				}
				b.Release()
			}
		}
	}
}
