package adapter_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
	"github.com/stretchr/testify/require"
)

var errPassing = errors.New("transient error")

// arrivals is a connection whose data arrives in pieces, then ends. An empty piece is a transient
// error.
type incoming struct {
	t      testing.TB
	data   []byte
	pieces []byte
	i      int
	left   int  // of the current piece
	fail   bool // the piece is an error
	drains bool // ShortReadDrains
	during func()
}

// next delivers the next piece.
func (a *incoming) next() {
	n := 1
	if len(a.pieces) > 0 {
		n = int(a.pieces[a.i%len(a.pieces)])
		a.i++
	}
	a.fail = n == 0 && len(a.data) > 0
	a.left = min(n, len(a.data))
}

// Read reads from the connection as if it blocks.
func (a *incoming) Read(p []byte) (int, error) {
	for a.left == 0 && !a.fail && len(a.data) > 0 {
		a.next()
	}
	return a.take(p)
}

func (a *incoming) take(p []byte) (int, error) {
	switch {
	case a.fail:
		a.fail = false
		return 0, errPassing
	case len(a.data) == 0:
		return 0, io.EOF
	}
	n := copy(p, a.data[:a.left])
	a.data, a.left = a.data[n:], a.left-n
	return n, nil
}

// TryReadv reads from the connection as if it never blocks.
func (a *incoming) TryReadv(segs [][]byte) (int, error) {
	if a.left == 0 && !a.fail && len(a.data) > 0 {
		return -1, buftest.ErrBlocked
	}
	n := 0
	for _, s := range segs {
		if n > 0 && (a.left == 0 || a.fail) {
			break
		}
		k, err := a.take(s)
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (a *incoming) ShortReadDrains() bool { return a.drains && a.left == 0 && len(a.data) > 0 }

// Wait waits as WaitRead of such a connection does. Other tasks have their turn meanwhile.
func (a *incoming) Wait() error {
	if a.left > 0 || a.fail || len(a.data) == 0 {
		a.t.Error("Wait called with bytes to read")
	}
	if a.during != nil {
		a.during()
	}
	a.next()
	return nil
}

// Ways to read a connection.
const (
	blockingMode = iota
	waitingMode
	shortReadMode
	modes
)

func waitReader(t testing.TB, b *buftest.Bench, mode int, data, pieces []byte) *adapter.WaitReader {
	a := &incoming{t: t, data: data, pieces: pieces, drains: mode == shortReadMode, during: b.Disturb}
	b.Discard(b.Stale)
	if mode == blockingMode {
		return &adapter.WaitReader{Buffer: b.Buffer, Reader: adapter.FromReader(a)}
	}
	return &adapter.WaitReader{Buffer: b.Buffer, Reader: a, Wait: a.Wait}
}

func TestWaitReaderIsAnOrdinaryReader(t *testing.T) {
	content := bytes.Repeat([]byte("ordinary code reads this. "), 200)
	for _, name := range bufstrategy.Names() {
		for mode := range modes {
			r := waitReader(t, buftest.Place(t, name, 700, 300), mode, content, []byte{1, 200, 30})
			if err := iotest.TestReader(r, content); err != nil {
				t.Errorf("%s, mode %d: %v", name, mode, err)
			}
		}
		for what, wrap := range map[string]func(io.Reader) io.Reader{
			"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with the error": iotest.DataErrReader,
		} {
			b := buftest.Place(t, name, 700, 300)
			b.Discard(b.Stale)
			r := &adapter.WaitReader{Buffer: b.Buffer, Reader: adapter.FromReader(wrap(bytes.NewReader(content)))}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, %s: %d bytes, %v", name, what, len(got), err)
			}
		}
		b := buftest.Place(t, name, 700, 0)
		r := &adapter.WaitReader{Buffer: b.Buffer, Reader: adapter.FromReader(iotest.TimeoutReader(iotest.HalfReader(bytes.NewReader(content))))}
		first, err := io.ReadAll(r)
		if err != iotest.ErrTimeout {
			t.Errorf("%s: %v, want a timeout", name, err)
		}
		if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(append(first, rest...), content) {
			t.Errorf("%s: %d and %d bytes, %v", name, len(first), len(rest), err)
		}
	}
}

// A line end that straddles Limit of the buffer is still a line end.
func TestReadLineAcrossTheLimit(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		b := buftest.Place(t, name, 64, 40)
		x := strings.Repeat("x", b.Limit()-1)
		r := waitReader(t, b, waitingMode, []byte(x+"\r\n"+x+"\ry\r\n"), []byte{50})
		for _, want := range []struct {
			line   string
			prefix bool
		}{{x, true}, {"", false}, {x, true}, {"\ry", false}} {
			line, prefix, err := r.ReadLine()
			if string(line) != want.line || prefix != want.prefix || err != nil {
				t.Errorf("%s: ReadLine: %q, %v, %v, want %q, %v", name, line, prefix, err, want.line, want.prefix)
			}
		}
		if line, prefix, err := r.ReadLine(); line != nil || prefix || err != io.EOF {
			t.Errorf("%s: ReadLine at the end: %q, %v, %v", name, line, prefix, err)
		}
	}
}

func TestReadLineOfOneByteEnds(t *testing.T) {
	b, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 1})
	require.NoError(t, err)
	r := &adapter.WaitReader{Buffer: b, Reader: adapter.FromReader(strings.NewReader("\r\n"))}
	if line, prefix, err := r.ReadLine(); string(line) != "\r" || !prefix || err != nil {
		t.Errorf("ReadLine: %q, %v, %v", line, prefix, err)
	}
	if line, prefix, err := r.ReadLine(); string(line) != "" || prefix || err != nil {
		t.Errorf("ReadLine: %q, %v, %v", line, prefix, err)
	}
}

func TestWaitReaderReadsMessages(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		for mode := range modes {
			data := "GET / HTTP/1.1\r\n\r\n\x05hello\x03abc" + strings.Repeat(".", 50) + "\ncut"
			r := waitReader(t, buftest.Place(t, name, 600, 590), mode, []byte(data), []byte{1, 0, 2})
			read := func(f message.Finder, want string, wantErr error) {
				t.Helper()
				for {
					got, err := r.ReadMessage(f)
					if err == errPassing {
						continue
					}
					if string(got) != want || err != wantErr {
						t.Fatalf("%s, mode %d: %q, %v, want %q, %v", name, mode, got, err, want, wantErr)
					}
					return
				}
			}
			frames := &message.Frames{Width: 1}
			read(&message.Heads{}, "GET / HTTP/1.1\r\n\r\n", nil)
			read(frames, "hello", nil)
			read(frames, "abc", nil)
			if err := r.UnreadByte(); err != bufio.ErrInvalidUnreadByte {
				t.Errorf("%s: UnreadByte of a message: %v", name, err)
			}
			read(&message.Lines{Max: 50}, "", bufstrategy.ErrTooLarge)
			read(&message.Lines{Max: 51}, strings.Repeat(".", 50), nil)
			read(&message.Lines{}, "", io.ErrUnexpectedEOF)
			read(never{}, "", io.ErrUnexpectedEOF)
			if p, err := r.Peek(4); string(p) != "cut" || err != io.EOF {
				t.Errorf("%s: Peek of a truncated message: %q, %v", name, p, err)
			}
			if n, err := r.Discard(3); n != 3 || err != nil {
				t.Errorf("%s: Discard: %d, %v", name, n, err)
			}
			read(&message.Lines{}, "", io.EOF)
			read(&message.Lines{}, "", io.EOF)
		}
		b := buftest.Place(t, name, 64, 0)
		r := waitReader(t, b, waitingMode, make([]byte, 2*b.Limit()), []byte{200})
		if _, err := r.ReadMessage(never{}); err != bufstrategy.ErrTooLarge || b.Len() != b.Limit() {
			t.Errorf("%s: endless message: %v", name, err)
		}
	}
}

// never is a protocol without messages.
type never struct{}

func (never) Find(bufstrategy.Buffer) (message.Span, error) {
	return message.Span{}, bufstrategy.ErrShort
}

func TestWaitReaderLeavesNothingBehindWhenSettled(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		r := waitReader(t, buftest.Place(t, name, 64, 0), waitingMode, []byte("line\nmore"), []byte{5})
		if p, err := r.ReadSlice('\n'); string(p) != "line\n" || err != nil {
			t.Fatal(name, p, err)
		}
		if r.Buffered() != 0 || r.Buffer.Len() != 5 {
			t.Errorf("%s: %d buffered, %d in the buffer", name, r.Buffered(), r.Buffer.Len())
		}
		r.Settle()
		if r.Buffered() != 0 || r.Buffer.Len() != 0 || r.UnreadByte() == nil {
			t.Errorf("%s: settled: %d buffered, %d in the buffer, or UnreadByte succeeded", name, r.Buffered(), r.Buffer.Len())
		}
	}
}

func TestWaitReaderReadsLargePiecesPastTheBuffer(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		for mode := range modes {
			b := buftest.Place(t, name, 64, 0)
			data := bytes.Repeat([]byte("x"), 10*b.Limit())
			r := waitReader(t, b, mode, data, []byte{255})
			got := make([]byte, len(data))
			if _, err := io.ReadFull(r, got[:b.Limit()]); err != nil {
				t.Fatal(name, err)
			}
			moved := b.Stats().Moved
			n, err := r.Read(got[b.Limit():])
			if err != nil || n == 0 || b.Stats().Moved != moved || r.Buffered() != 0 {
				t.Errorf("%s, mode %d: Read: %d, %v, through the buffer", name, mode, n, err)
			}
			if err := r.UnreadByte(); err != nil || r.Buffered() != 1 {
				t.Errorf("%s: UnreadByte: %v", name, err)
			}
			rest, err := io.ReadAll(r)
			if want := len(data) - b.Limit() - n + 1; err != nil || len(rest) != want {
				t.Errorf("%s, mode %d: rest: got %d bytes, %v, want %d", name, mode, len(rest), err, want)
			}
		}
	}
}

func TestWaitReaderGivesUpOnASourceThatDoesNothing(t *testing.T) {
	for what, s := range map[string]bufstrategy.TryReader{
		"nothing": adapter.FromReader(answersReader{}), "would block, and no Wait": buftest.Answers{N: -1, Err: buftest.ErrBlocked},
	} {
		b := buftest.Place(t, "ring", 64, 0)
		r := &adapter.WaitReader{Buffer: b.Buffer, Reader: s}
		if _, err := r.ReadByte(); err != io.ErrNoProgress {
			t.Errorf("%s: ReadByte: %v", what, err)
		}
		if _, err := r.Read(make([]byte, 100)); err != io.ErrNoProgress {
			t.Errorf("%s: Read: %v", what, err)
		}
	}
}

func TestWaitReaderGoesOnAfterAnErrorOfWait(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		r := waitReader(t, buftest.Place(t, name, 64, 0), waitingMode, []byte("two parts\n"), []byte{4})
		wait := r.Wait
		calls := 0
		r.Wait = func() error {
			if calls++; calls == 2 {
				return errPassing
			}
			return wait()
		}
		if _, err := r.ReadMessage(&message.Lines{}); err != errPassing {
			t.Errorf("%s: %v", name, err)
		}
		if p, err := r.ReadMessage(&message.Lines{}); string(p) != "two parts" || err != nil {
			t.Errorf("%s: %q, %v", name, p, err)
		}
	}
}

func TestWaitReaderSaysWhenMemoryIsExhausted(t *testing.T) {
	pool, err := memory.NewPool(256, 0)
	require.NoError(t, err)
	hog, err := bufstrategy.NewChain(bufstrategy.Options{Segment: 256, Pool: pool})
	require.NoError(t, err)
	if _, err := (adapter.Writer{hog}).WriteString("all"); err != nil {
		t.Fatal(err)
	}
	b, err := bufstrategy.NewChain(bufstrategy.Options{Segment: 256, Pool: pool})
	require.NoError(t, err)
	r := &adapter.WaitReader{Buffer: b, Reader: adapter.FromReader(strings.NewReader("line\n"))}
	if _, err := r.ReadMessage(&message.Lines{}); err != bufstrategy.ErrExhausted {
		t.Errorf("ReadMessage: %v, want ErrExhausted", err)
	}
	hog.Release()
	if p, err := r.ReadMessage(&message.Lines{}); string(p) != "line" || err != nil {
		t.Errorf("ReadMessage: %q, %v", p, err)
	}
}

func TestWaitReaderAllocatesNothing(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		src := &buftest.Endless{N: 3000}
		waits := 0
		r := &adapter.WaitReader{Buffer: b, Reader: src, Wait: func() error { waits++; return nil }}
		lines, frames := &message.Lines{}, &message.Frames{Width: 1}
		p := make([]byte, 700)
		round := func() {
			for range 20 {
				if _, err := r.Read(p); err != nil {
					t.Fatal(err)
				}
				_, _ = r.ReadByte()
				_ = r.UnreadByte()
				_, _, _ = r.ReadRune()
				_, _ = r.Peek(100)
				_, _ = r.Discard(50)
				_, _ = r.ReadSlice(p[0])
				if _, err := r.ReadMessage(frames); err != nil {
					t.Fatal(err)
				}
				if _, err := r.ReadMessage(lines); err != bufstrategy.ErrTooLarge {
					t.Fatal(err)
				}
				if _, err := r.Discard(b.Limit()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 5 {
			round()
		}
		if n := testing.AllocsPerRun(10, round); n != 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
		if waits == 0 {
			t.Errorf("%s: never waited", name)
		}
	}
}
