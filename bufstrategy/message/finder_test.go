package message_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// reference is a Finder for contiguous, complete data.
type reference func(p []byte, most int) (m message.Span, err error)

func referenceOf(end func(p []byte) (to, size int)) reference {
	return func(p []byte, most int) (message.Span, error) {
		to, size := end(p)
		switch {
		case size > most || size == 0 && len(p) >= most:
			return message.Span{}, bufstrategy.ErrTooLarge
		case size == 0:
			return message.Span{}, bufstrategy.ErrShort
		}
		return message.Span{To: to, Size: size}, nil
	}
}

var lineReference = referenceOf(func(p []byte) (to, size int) {
	line, _, found := bytes.Cut(p, []byte{'\n'})
	if !found {
		return 0, 0
	}
	return len(bytes.TrimSuffix(line, []byte{'\r'})), len(line) + 1
})

func delimReference(delim []byte) reference {
	return referenceOf(func(p []byte) (to, size int) {
		m, _, found := bytes.Cut(p, delim)
		if !found {
			return 0, 0
		}
		return len(m), len(m) + len(delim)
	})
}

var headReference = referenceOf(func(p []byte) (to, size int) {
	for line := range bytes.Lines(p) {
		size += len(line)
		if s := string(line); s == "\n" || s == "\r\n" {
			return size, size
		}
	}
	return 0, 0
})

func frameReference(f message.Frames) reference {
	return func(p []byte, most int) (message.Span, error) {
		header, length := f.Width, uint64(0)
		seen := p[:min(len(p), most)]
		if f.Width == 0 {
			v, n := binary.Uvarint(seen)
			if n < 0 || n == 0 && len(seen) >= 10 {
				return message.Span{}, message.ErrMalformed
			}
			length, header = v, n
		} else if len(seen) >= f.Width {
			whole := slices.Clone(seen[:f.Width])
			if !f.LittleEndian {
				slices.Reverse(whole)
			}
			length = binary.LittleEndian.Uint64(append(whole, make([]byte, 8)...))
		} else {
			header = 0
		}
		switch {
		case header == 0 && len(p) >= most:
			return message.Span{}, bufstrategy.ErrTooLarge
		case header == 0:
			return message.Span{}, bufstrategy.ErrShort
		case f.Inclusive && length < uint64(header):
			return message.Span{}, message.ErrMalformed
		case f.Inclusive:
			length -= uint64(header)
		}
		switch {
		case length > math.MaxInt32 || header+int(length) > most:
			return message.Span{}, bufstrategy.ErrTooLarge
		case header+int(length) > len(p):
			return message.Span{}, bufstrategy.ErrShort
		}
		size := header + int(length)
		return message.Span{From: header, To: size, Size: size}, nil
	}
}

// checkFinder passes data to f in pieces and compares every result with the reference.
func checkFinder(t testing.TB, b *buftest.Bench, f message.Finder, want reference, most int, data []byte, piece func() int) {
	t.Helper()
	most = min(cmp.Or(most, b.Limit()), b.Limit())
	end := len(data)
	rest, at := data, 0
	for len(rest) > 0 {
		k := min(max(piece(), 1), len(rest))
		rest = rest[k-len(b.Feed(t, rest[:k])):]
		here := data[at : end-len(rest)]
		for {
			b.Disturb()
			got, err := f.Find(b.Buffer)
			m, wantErr := want(here, most)
			if got != m || !errors.Is(err, wantErr) {
				t.Fatalf("%d bytes at %d: Find: %+v, %v, want %+v, %v", len(here), at, got, err, m, wantErr)
			}
			// The result for pieces must be the result for all bytes at once.
			if whole, wholeErr := want(data[at:], most); err == nil && whole != m || err != bufstrategy.ErrShort && err != wholeErr {
				t.Fatalf("at %d: reference: %v for a part, %v for everything", at, err, wholeErr)
			}
			if err == bufstrategy.ErrShort && b.Len() == b.Limit() {
				t.Fatal("ErrShort from a full buffer")
			}
			if err == bufstrategy.ErrShort {
				break
			}
			if err != nil {
				return
			}
			checkSpan(t, b, m, here)
			b.Discard(m.Size)
			at += m.Size
			here = here[m.Size:]
		}
	}
}

func checkSpan(t testing.TB, b *buftest.Bench, m message.Span, here []byte) {
	t.Helper()
	if got := bytes.Join(m.AppendSegments(nil, b), nil); !bytes.Equal(got, here[m.From:m.To]) {
		t.Fatalf("segments: %q, want %q", got, here[m.From:m.To])
	}
	v, err := m.View(b)
	if err != nil || !bytes.Equal(v, here[m.From:m.To]) || cap(v) != len(v) {
		t.Fatalf("view: %q, %v, want %q", v, err, here[m.From:m.To])
	}
}

// constant returns pieces of one size.
func constant(n int) func() int { return func() int { return n } }

func TestMessagesAreFoundWhereverThePiecesEnd(t *testing.T) {
	frame := func(f message.Frames, messages ...string) string {
		var out []byte
		for _, m := range messages {
			n := uint64(len(m))
			if f.Inclusive {
				n += uint64(max(f.Width, 1))
			}
			header := binary.BigEndian.AppendUint64(nil, n)[max(0, 8-f.Width):]
			if f.LittleEndian {
				slices.Reverse(header)
			}
			if f.Width == 0 {
				header = binary.AppendUvarint(nil, n)
			}
			out = append(append(out, header...), m...)
		}
		return string(out)
	}
	long := strings.Repeat("0123456789abcdef", 30)
	type test struct {
		name string
		make func() message.Finder
		want reference
		max  int
		data string
	}
	tests := []test{
		{"lines", func() message.Finder { return &message.Lines{} }, lineReference, 0, "a\n\n\r\nbc\r\n\r\r\n" + long + "\nlast"},
		{"bounded lines", func() message.Finder { return &message.Lines{Max: 8} }, lineReference, 8, "seven b\nsix by\r\neight by\n"},
		{"endless line", func() message.Finder { return &message.Lines{Max: 8} }, lineReference, 8, long},
		{"heads", func() message.Finder { return &message.Heads{} }, headReference, 0,
			"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\n\n\r\n\nA: " + long + "\n\r\n\r\r\n\r\n"},
		{"bounded head", func() message.Finder { return &message.Heads{Max: 20} }, headReference, 20, "a: b\n\n" + long + "\n\n"},
	}
	for _, d := range []string{";", "\r\n", "aab", "--end--"} {
		data := "aaaab;x" + d + d + "\r\r\n" + d + "--end-" + d + long + d + d[:len(d)-1]
		find := func() message.Finder { return &message.Delimited{Delim: []byte(d)} }
		tests = append(tests, test{"delim " + d, find, delimReference([]byte(d)), 0, data})
		find = func() message.Finder { return &message.Delimited{Delim: []byte(d), Max: 9} }
		tests = append(tests, test{"bounded delim " + d, find, delimReference([]byte(d)), 9, data})
	}
	for width := range 9 {
		for _, f := range []message.Frames{
			{Width: width}, {Width: width, LittleEndian: true}, {Width: width, Inclusive: true, Max: 100},
			{Width: width, LittleEndian: true, Inclusive: true},
		} {
			tests = append(tests, test{fmt.Sprintf("%+v", f), func() message.Finder { return &f }, frameReference(f), f.Max,
				frame(f, "", "x", "some bytes", "", "more of them", long[:140], "y")})
		}
	}
	for i, name := range bufstrategy.Names() {
		for k, test := range tests {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				places := []int{0, 250, 630}
				// In the plain run, the sizes take turns with the places. The next strategy and the
				// next test begin at the next place.
				turn := i + k
				for size := 1; size <= len(test.data); size += 1 + size/2 {
					turn++
					for n := range buftest.Extent(1, len(places)) {
						at := places[(turn+n)%len(places)]
						b := buftest.Place(t, name, 640, at)
						checkFinder(t, b, test.make(), test.want, test.max, []byte(test.data), constant(size))
						b.Release()
					}
				}
			})
		}
	}
}

func TestLengthsThatNoMessageHas(t *testing.T) {
	for _, test := range []struct {
		f    message.Frames
		data string
		want error
	}{
		{message.Frames{Width: 1, Max: 10}, "\x0a", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 1, Max: 10}, "\x09", bufstrategy.ErrShort},
		{message.Frames{Width: 1, Max: 10, Inclusive: true}, "\x0a", bufstrategy.ErrShort},
		{message.Frames{Width: 1, Max: 10, Inclusive: true}, "\x0b", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 1, Inclusive: true}, "\x00", message.ErrMalformed},
		{message.Frames{Width: 4, Inclusive: true}, "\x00\x00\x00\x03", message.ErrMalformed},
		{message.Frames{Width: 4}, "\xff\xff\xff\xff", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 4}, "\x80\x00\x00\x00", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8}, "\xff\xff\xff\xff\xff\xff\xff\xff", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8}, "\x7f\xff\xff\xff\xff\xff\xff\xff", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8, Inclusive: true}, "\xff\xff\xff\xff\xff\xff\xff\xff", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8, LittleEndian: true}, "\xf8\xff\xff\xff\xff\xff\xff\xff", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8, Max: 4}, "\x00\x00\x00", bufstrategy.ErrShort},
		{message.Frames{Width: 8, Max: 4}, "\x00\x00\x00\x00", bufstrategy.ErrTooLarge},
		{message.Frames{Width: 8, Max: 4}, "\x00\x00\x00\x00\x00\x00\x00\x00", bufstrategy.ErrTooLarge},
		{message.Frames{Max: 3}, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", bufstrategy.ErrTooLarge},
		{message.Frames{}, "", bufstrategy.ErrShort},
		{message.Frames{}, "\x80\x80", bufstrategy.ErrShort},
		{message.Frames{}, "\x80\x80\x80\x80\x80\x80\x80\x80\x80", bufstrategy.ErrShort},
		{message.Frames{}, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", message.ErrMalformed},
		{message.Frames{}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", message.ErrMalformed},
		{message.Frames{}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", bufstrategy.ErrTooLarge},
		{message.Frames{Inclusive: true}, "\x00", message.ErrMalformed},
		{message.Frames{Inclusive: true}, "\x81\x00", message.ErrMalformed},
	} {
		b := buftest.Place(t, "ring", 64, 60)
		b.Feed(t, []byte(test.data))
		if _, _, err := test.f.Next(b); err != test.want {
			t.Errorf("%+v of %x: %v, want %v", test.f, test.data, err, test.want)
		}
		if b.Len() != len(test.data) || b.Stats().Copied != 0 {
			t.Errorf("%+v of %x: bytes were consumed or copied", test.f, test.data)
		}
	}
}

func TestNextLeavesTheMessageUntilItIsDiscarded(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		b := buftest.Place(t, name, 64, 0)
		b.Feed(t, []byte("one\r\ntwo\nthr"))
		var l message.Lines
		for _, want := range []string{"one", "two"} {
			for range 2 {
				if p, n, err := l.Next(b); string(p) != want || err != nil || n == 0 {
					t.Errorf("%s: %q, %d, %v, want %q", name, p, n, err, want)
				}
			}
			_, n, _ := l.Next(b)
			b.Discard(n)
		}
		for range 2 {
			if p, n, err := l.Next(b); p != nil || n != 0 || err != bufstrategy.ErrShort {
				t.Errorf("%s: %q, %d, %v, want ErrShort", name, p, n, err)
			}
		}
		if v, err := b.View(b.Len()); string(v) != "thr" || err != nil {
			t.Errorf("%s: left %q, %v", name, v, err)
		}
	}
}

// A parser whose searched bytes were consumed by other code must search the new bytes instead.
func TestAParserSurvivesWhoeverDiscards(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		for _, test := range []struct {
			take                func(b bufstrategy.Buffer)
			line, head, message int // sizes
		}{
			{bufstrategy.Buffer.Release, 1, 1, 4},
			{func(b bufstrategy.Buffer) { b.Discard(5) }, 9, 10, 12},
			{func(b bufstrategy.Buffer) { b.Discard(13) }, 1, 1, 4},
		} {
			b := buftest.Place(t, name, 64, 0)
			finders := []message.Finder{&message.Lines{}, &message.Heads{}, &message.Delimited{Delim: []byte(";;")}}
			b.Feed(t, []byte("seen and gone"))
			for _, f := range finders {
				if _, err := f.Find(b.Buffer); err != bufstrategy.ErrShort {
					t.Fatalf("%s: %v, want ErrShort", name, err)
				}
			}
			test.take(b.Buffer)
			b.Feed(t, []byte("\n\n;;--------------------"))
			for i, want := range []int{test.line, test.head, test.message} {
				if m, err := finders[i].Find(b.Buffer); m.Size != want || err != nil {
					t.Errorf("%s, %T: %+v, %v, want %d", name, finders[i], m, err, want)
				}
			}
		}
	}
}

func TestParsersAllocateNothing(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		l, h := &message.Lines{}, &message.Heads{}
		d, f := &message.Delimited{Delim: []byte("\r\n")}, &message.Frames{Width: 2}
		data := []byte("line\r\nhead: x\r\n\r\nmessage\r\n\x00\x07a frame")
		segs := make([][]byte, 0, 8)
		take := func(p []byte, n int, err error) {
			if err != nil || p == nil && n == 0 {
				t.Fatal(name, err)
			}
			b.Discard(n)
		}
		round := func() {
			buftest.Append(t, b, data)
			take(l.Next(b))
			take(h.Next(b))
			take(d.Next(b))
			m, err := f.Find(b)
			segs = m.AppendSegments(segs[:0], b)
			take(segs[0], m.Size, err)
			if _, _, err := l.Next(b); err != bufstrategy.ErrShort {
				t.Fatal(err)
			}
		}
		for range 4000 {
			round() // visits every position in a ring that wraps
		}
		if n := testing.AllocsPerRun(1000, round); n != 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
	}
}

func TestProgrammersErrorsPanic(t *testing.T) {
	b := buftest.Place(t, "fixed", 64, 0)
	for what, f := range map[string]func(){
		"a negative Max":      func() { _, _ = (&message.Lines{Max: -1}).Find(b) },
		"no Delim":            func() { _, _ = (&message.Delimited{}).Find(b) },
		"a width of 9":        func() { _, _ = (&message.Frames{Width: 9}).Find(b) },
		"a negative width":    func() { _, _ = (&message.Frames{Width: -1}).Find(b) },
		"nothing to look for": func() { message.IndexBytes(b, nil) },
		"a negative position": func() { message.IndexBytesFrom(b, -1, []byte("x")) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}
