package bufstrategytest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// parserCases are about what the parsers, WaitReader and WaitWriter of package bufstrategy need of
// a Buffer.
func parserCases() []Case {
	return []Case{
		{
			ID: "stats/consumed", Doc: "bufstrategy.Stats",
			Rule:   "Moved minus Len is the number of bytes consumed since the buffer was made, by Discard, Release or otherwise.",
			Source: "a parser remembers how far it has scanned, and the next connection gets the buffer",
			Run:    statsConsumed,
		}, {
			ID: "index/across-segments", Doc: "message.IndexBytes",
			Rule: "IndexBytes finds sep wherever segments end.",
			Run:  indexAcrossSegments,
		}, {
			ID: "message/any-pieces", Doc: "message.Finder",
			Rule:   "The result of a parser does not depend on the pieces in which the bytes came.",
			Source: "a request split at a position that no test had tried",
			Run:    messageAnyPieces,
		}, {
			ID: "message/find-takes-nothing", Doc: "message.Finder",
			Rule: "Find consumes and copies nothing, and never waits.",
			Run:  messageFindTakesNothing,
		}, {
			ID: "message/never-short-at-limit", Doc: "message.Finder",
			Rule:   "With Limit bytes unread, a parser does not return ErrShort.",
			Source: "a full buffer, and a parser that waits for more: a stall",
			Run:    messageNeverShortAtLimit,
		}, {
			ID: "wait-reader/as-bufio", Doc: "adapter.WaitReader",
			Rule: "A method named like one of bufio.Reader behaves like it.",
			Run:  waitReaderAsBufio,
		}, {
			ID: "wait-writer/as-bufio", Doc: "adapter.WaitWriter",
			Rule: "A method named like one of bufio.Writer behaves like it.",
			Run:  waitWriterAsBufio,
		}, {
			ID: "wait-writer/waits-at-limit", Doc: "adapter.WaitWriter",
			Rule:   "At Limit of the Buffer, WaitWriter writes the bytes to Sink, and waits while the peer does not take them. It never holds more.",
			Source: "unbounded buffers for slow readers: gnet #213, #423",
			Run:    waitWriterWaitsAtLimit,
		},
	}
}

func statsConsumed(t T, f *Fixture) {
	for _, limit := range []int{1, 300, 5000} {
		b := f.open(t, Options{Limit: limit})
		rng := rand.New(rand.NewPCG(17, uint64(limit)))
		consumed := 0
		for i := range 300 {
			putOnce(b, pattern(rng.IntN(b.Limit()+1), 4))
			_, _ = b.View(rng.IntN(b.Len() + 1))
			n := rng.IntN(b.Len() + 1)
			if i%10 == 0 {
				n = b.Len()
				b.Release()
			} else {
				b.Discard(n)
			}
			if i%7 == 0 {
				b.Trim()
			}
			consumed += n
			if got := b.Stats().Moved - uint64(b.Len()); got != uint64(consumed) {
				t.Fatalf("round %d: Moved minus Len is %d, but %d were consumed", i, got, consumed)
			}
		}
	}
}

func indexAcrossSegments(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 700})
	rng := rand.New(rand.NewPCG(18, 18))
	for range 300 {
		p := make([]byte, rng.IntN(b.Limit()-b.Len()+1))
		for i := range p {
			p[i] = "ab"[rng.IntN(2)]
		}
		put(t, b, p)
		unread := join(b.Segments())
		for _, sep := range []string{"a", "ab", "aaaab", "aaaaaaaab", "bbbbbbbbbbbb"} {
			from := rng.IntN(len(unread) + 2)
			want := -1
			if from <= len(unread) {
				if want = bytes.Index(unread[from:], []byte(sep)); want >= 0 {
					want += from
				}
			}
			if got := message.IndexBytesFrom(b, from, []byte(sep)); got != want {
				t.Fatalf("IndexBytesFrom(%d, %q) of %d bytes is %d, want %d", from, sep, len(unread), got, want)
			}
		}
		b.Discard(rng.IntN(b.Len() + 1))
		if b.Len() != 0 && message.IndexBytes(b, unread[len(unread)-b.Len():][:1]) != 0 {
			t.Fatalf("IndexBytes did not find the first byte")
		}
	}
}

// protocol is a parser, and messages in its format.
type protocol struct {
	name   string
	make   func() message.Finder
	encode func(message []byte) []byte
}

func protocols() []protocol {
	plain := func(end string) func([]byte) []byte {
		return func(p []byte) []byte { return append(bytes.Clone(p), end...) }
	}
	return []protocol{
		{"lines", func() message.Finder { return &message.Lines{} }, plain("\r\n")},
		{"delimited", func() message.Finder { return &message.Delimited{Delim: []byte(";-;")} }, plain(";-;")},
		{"frames", func() message.Finder { return &message.Frames{Width: 4} }, func(p []byte) []byte {
			return append([]byte{0, 0, byte(len(p) >> 8), byte(len(p))}, p...)
		}},
	}
}

func messageAnyPieces(t T, f *Fixture) {
	for _, p := range protocols() {
		b := f.open(t, Options{Limit: 600})
		finder := p.make()
		rng := rand.New(rand.NewPCG(19, 19))
		for i := range 200 {
			want := pattern(rng.IntN(500), uint64(i))
			for k := range want {
				want[k] = 'a' + want[k]%26
			}
			rest := p.encode(want)
			for len(rest) > 0 {
				if _, err := finder.Find(b); !errors.Is(err, bufstrategy.ErrShort) {
					t.Fatalf("%s %d: %v before the last %d bytes, want ErrShort", p.name, i, err, len(rest))
				}
				k := min(1+rng.IntN(200), len(rest))
				put(t, b, rest[:k])
				rest = rest[k:]
			}
			m, err := finder.Find(b)
			if err != nil {
				t.Fatalf("%s %d: Find: %v", p.name, i, err)
			}
			wantBytes(t, "segments of "+p.name, join(m.AppendSegments(nil, b)), want)
			v, err := m.View(b)
			if err != nil {
				t.Fatalf("%s %d: View: %v", p.name, i, err)
			}
			wantBytes(t, "view of "+p.name, v, want)
			b.Discard(m.Size)
		}
		b.Release()
	}
}

func messageFindTakesNothing(t T, f *Fixture) {
	for _, p := range protocols() {
		b := f.open(t, Options{Limit: 700})
		put(t, b, make([]byte, 650))
		b.Discard(649)
		whole := p.encode(bytes.Repeat([]byte("x"), 600))
		finder := p.make()
		for i, part := range [][]byte{whole[:300], whole[300:]} {
			put(t, b, part)
			b.Discard(1 - i) // the rest of the padding that keeps the message off the start of the memory
			before := b.Stats().Copied
			_, _ = finder.Find(b)
			if after := b.Stats().Copied; after != before {
				t.Errorf("%s: Find copied %d bytes", p.name, after-before)
			}
		}
		wantUnread(t, b, whole)
	}
}

func messageNeverShortAtLimit(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 500})
	for _, p := range protocols() {
		put(t, b, bytes.Repeat([]byte{'x'}, b.Limit()))
		if n := sum(b.Space()); n != 0 {
			t.Errorf("%d bytes of space at Limit", n)
		}
		b.Commit(0)
		if _, err := p.make().Find(b); !errors.Is(err, bufstrategy.ErrTooLarge) {
			t.Errorf("%s: %v of a full buffer, want ErrTooLarge", p.name, err)
		}
		b.Release()
	}
}

// gate lets a number of bytes through before it blocks, and again after each wait.
type gate struct {
	rng  *rand.Rand
	open int
	data []byte // bytes left to read, or bytes written so far
}

func (g *gate) wait() error {
	g.open = 1 + g.rng.IntN(300)
	return nil
}

func (g *gate) TryReadv(segs [][]byte) (int, error) {
	if len(g.data) == 0 {
		return 0, io.EOF
	}
	if g.open == 0 {
		return 0, wouldBlock{}
	}
	n := 0
	for _, s := range segs {
		k := copy(s, g.data[:min(g.open, len(g.data))])
		g.data, g.open = g.data[k:], g.open-k
		n += k
	}
	return n, nil
}

func (g *gate) TryWritev(segs [][]byte) (int, error) {
	if g.open == 0 {
		return 0, wouldBlock{}
	}
	n := 0
	for _, s := range segs {
		k := min(len(s), g.open)
		g.data = append(g.data, s[:k]...)
		g.open -= k
		n += k
	}
	return n, nil
}

func waitReaderAsBufio(t T, f *Fixture) {
	data := pattern(60_000, 20)
	b := f.open(t, Options{Limit: 500})
	rng := rand.New(rand.NewPCG(20, 20))
	g := &gate{rng: rng, data: data}
	got := &adapter.WaitReader{Buffer: b, Reader: g, Wait: g.wait}
	want := bufio.NewReaderSize(bytes.NewReader(data), b.Limit())
	for i := 0; ; i++ {
		var p, q []byte
		var err, wantErr error
		switch k := 1 + rng.IntN(400); rng.IntN(5) {
		case 0:
			p, q = make([]byte, k), make([]byte, k)
			_, err = io.ReadFull(got, p)
			_, wantErr = io.ReadFull(want, q)
		case 1:
			p, err = got.Peek(k)
			q, wantErr = want.Peek(k)
		case 2:
			p, err = got.ReadSlice(byte(k))
			q, wantErr = want.ReadSlice(byte(k))
		case 3:
			_, err = got.Discard(k)
			_, wantErr = want.Discard(k)
		case 4:
			p, q = make([]byte, 2), make([]byte, 2)
			p[0], err = got.ReadByte()
			q[0], wantErr = want.ReadByte()
			if err == nil && wantErr == nil && (got.UnreadByte() != nil || want.UnreadByte() != nil) {
				t.Fatalf("call %d: UnreadByte after ReadByte failed", i)
			}
		}
		if errors.Is(wantErr, bufio.ErrBufferFull) {
			wantErr = bufstrategy.ErrTooLarge
		}
		if !errors.Is(err, wantErr) {
			t.Fatalf("call %d: %v, bufio returns %v", i, err, wantErr)
		}
		wantBytes(t, "what was read", p, q)
		if wantErr == io.EOF {
			break
		}
	}
	got.Settle()
	b.Release()
}

func waitWriterAsBufio(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 500})
	rng := rand.New(rand.NewPCG(21, 21))
	g := &gate{rng: rng}
	got := &adapter.WaitWriter{Buffer: b, Writer: g, Wait: g.wait}
	var out bytes.Buffer
	want := bufio.NewWriterSize(&out, b.Limit())
	for i := range 300 {
		var err error
		p := pattern(rng.IntN(1200), uint64(i))
		switch rng.IntN(5) {
		case 0:
			_, err = got.WriteString(string(p))
			_, _ = want.WriteString(string(p))
		case 1:
			_, err = got.ReadFrom(bytes.NewReader(p))
			_, _ = want.Write(p)
		case 2:
			err = got.WriteByte(byte(i))
			_ = want.WriteByte(byte(i))
		case 3:
			err = got.Flush()
			_ = want.Flush()
		default:
			_, err = got.Write(p)
			_, _ = want.Write(p)
		}
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	if err := got.Flush(); err != nil {
		t.Fatalf("Flush: %v", err)
	}
	_ = want.Flush()
	wantBytes(t, "what was written", g.data, out.Bytes())
}

func waitWriterWaitsAtLimit(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 500})
	g := &gate{rng: rand.New(rand.NewPCG(22, 22))}
	waits := 0
	w := &adapter.WaitWriter{Buffer: b, Writer: g, Wait: func() error {
		waits++
		if b.Len() > b.Limit() {
			t.Errorf("%d bytes held at Limit %d", b.Len(), b.Limit())
		}
		return g.wait()
	}}
	for i := range 100 * b.Limit() / 7 {
		before := waits
		full := w.Available() < 7
		if _, err := w.WriteString("7 bytes"); err != nil {
			t.Fatalf("WriteString: %v", err)
		}
		if !full && waits > before {
			t.Fatalf("write %d waited although there was room", i)
		}
	}
	if waits == 0 {
		t.Errorf("WaitWriter did not wait for a peer that takes nothing")
	}
}
