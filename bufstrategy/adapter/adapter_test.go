package adapter_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/stretchr/testify/require"
)

func TestReaderIsAnOrdinaryReader(t *testing.T) {
	content := bytes.Repeat([]byte("ordinary code reads this. "), 300)
	for name, b := range buftest.EveryStrategy(t) {
		if n, err := (adapter.Writer{b}).ReadFrom(iotest.OneByteReader(bytes.NewReader(content))); err != nil || n != int64(len(content)) {
			t.Errorf("%s: ReadFrom: %d, %v", name, n, err)
		}
		if err := iotest.TestReader(&adapter.Reader{Buffer: b, End: io.EOF}, content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReaderOfAnEmptyBufferWouldBlockUntilTheEnd(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		r := &adapter.Reader{Buffer: b}
		var p [4]byte
		if n, err := r.Read(p[:]); n != 0 || !errors.Is(err, adapter.ErrEmpty) || !blocks(err) {
			t.Errorf("%s: Read: %d, %v", name, n, err)
		}
		if _, err := r.ReadByte(); !errors.Is(err, adapter.ErrEmpty) {
			t.Errorf("%s: ReadByte: %v", name, err)
		}
		if err := r.UnreadByte(); err == nil {
			t.Errorf("%s: UnreadByte of nothing: no error", name)
		}
		r.End = io.EOF
		if _, err := r.ReadByte(); err != io.EOF {
			t.Errorf("%s: ReadByte at the end: %v", name, err)
		}
	}
}

func blocks(err error) bool {
	w, ok := errors.AsType[interface {
		error
		WouldBlock() bool
	}](err)
	return ok && w.WouldBlock()
}

func TestReaderUnreadsOneByte(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		w := adapter.Writer{b}
		require.NoError(t, w.WriteByte('a'))
		if _, err := w.WriteString("bcdef"); err != nil {
			t.Fatal(err)
		}
		r := &adapter.Reader{Buffer: b, End: io.EOF}
		var got []byte
		for range 2 {
			c, err := r.ReadByte()
			if err != nil || r.UnreadByte() != nil || r.UnreadByte() == nil {
				t.Fatalf("%s: %v, or UnreadByte succeeded twice", name, err)
			}
			again, err := r.ReadByte()
			if err != nil || again != c {
				t.Fatalf("%s: %c read again: got %c, %v", name, c, again, err)
			}
			got = append(got, c)
		}
		p := make([]byte, 2)
		if _, err := r.Read(p); err != nil || r.UnreadByte() != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var out bytes.Buffer
		if n, err := r.WriteTo(&out); n != 3 || err != nil || out.String() != "def" {
			t.Errorf("%s: WriteTo: %d, %v, %q", name, n, err, &out)
		}
		if string(got)+string(p) != "abcd" {
			t.Errorf("%s: %q%q", name, got, p)
		}
	}
}

func TestReaderKeepsWhatAWriterDidNotTake(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		if _, err := (adapter.Writer{b}).WriteString("taken and left"); err != nil {
			t.Fatal(err)
		}
		r := &adapter.Reader{Buffer: b}
		if n, err := r.WriteTo(shortWriter{5}); n != 5 || err != io.ErrShortWrite {
			t.Errorf("%s: WriteTo: %d, %v", name, n, err)
		}
		if v, err := b.View(b.Len()); err != nil || string(v) != " and left" {
			t.Errorf("%s: left %q, %v", name, v, err)
		}
	}
}

type shortWriter struct{ n int }

func (s shortWriter) Write(p []byte) (int, error) { return min(s.n, len(p)), nil }

func TestWriterStopsAtTheLimit(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		w := adapter.Writer{b}
		if n, err := w.Write(make([]byte, b.Limit()+1)); n != b.Limit() || !errors.Is(err, adapter.ErrFull) || !blocks(err) {
			t.Errorf("%s: Write: %d, %v", name, n, err)
		}
		if err := w.WriteByte(1); !errors.Is(err, adapter.ErrFull) {
			t.Errorf("%s: WriteByte: %v", name, err)
		}
		src := strings.NewReader("not read")
		if n, err := w.ReadFrom(src); n != 0 || !errors.Is(err, adapter.ErrFull) || src.Len() != 8 {
			t.Errorf("%s: ReadFrom: %d, %v", name, n, err)
		}
		b.Release()
		if n, err := w.ReadFrom(iotest.ErrReader(io.ErrUnexpectedEOF)); n != 0 || err != io.ErrUnexpectedEOF {
			t.Errorf("%s: ReadFrom of a failing reader: %d, %v", name, n, err)
		}
		if n, err := w.ReadFrom(answersReader{}); n != 0 || err != io.ErrNoProgress {
			t.Errorf("%s: ReadFrom of a reader without progress: %d, %v", name, n, err)
		}
	}
}

type answersReader struct{}

func (answersReader) Read([]byte) (int, error) { return 0, nil }

func TestABlockingConnectionIsReadOnceAFill(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	b, err := bufstrategy.NewRing(bufstrategy.Options{Limit: 8})
	require.NoError(t, err)
	go func() {
		_, _ = client.Write([]byte("eight by"))
		line, err := bufio.NewReader(client).ReadString('\n')
		if line != "answer\n" || err != nil {
			t.Errorf("answer: got %q, %v", line, err)
		}
		_ = client.Close()
	}()
	src, dst := adapter.FromReader(server), adapter.FromWriter(server)
	if o, n, err := bufstrategy.Fill(b, src, 0); o != bufstrategy.Full || n != 8 || err != nil {
		t.Errorf("Fill: %v, %d, %v", o, n, err)
	}
	b.Discard(8)
	if _, err := (adapter.Writer{b}).WriteString("answer\n"); err != nil {
		t.Fatal(err)
	}
	if o, n, err := bufstrategy.Flush(b, dst, 0); o != bufstrategy.Emptied || n != 7 || err != nil {
		t.Errorf("Flush: %v, %d, %v", o, n, err)
	}
	// The previous read left nothing. Fill therefore reports at once that the next read could
	// block, and the call after that waits.
	if o, n, err := bufstrategy.Fill(b, src, 0); o != bufstrategy.Drained || n != 0 || err != nil {
		t.Errorf("Fill: %v, %d, %v", o, n, err)
	}
	if o, n, err := bufstrategy.Fill(b, src, 0); o != bufstrategy.EOF || n != 0 || err != nil {
		t.Errorf("Fill: %v, %d, %v", o, n, err)
	}
}
