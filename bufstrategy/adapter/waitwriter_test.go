package adapter_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/stretchr/testify/require"
)

var errGone = errors.New("the peer has gone")

// departures is a connection that takes bytes in pieces, and fails after a given number of them.
type outgoing struct {
	t      testing.TB
	got    []byte
	most   int
	pieces []byte
	i      int
	left   int // of the current piece
	during func()
}

func (d *outgoing) next() {
	d.left = 7
	if len(d.pieces) > 0 {
		d.left = 1 + int(d.pieces[d.i%len(d.pieces)])
		d.i++
	}
}

// Write writes to the connection as if it blocks.
func (d *outgoing) Write(p []byte) (int, error) {
	n := min(len(p), d.most-len(d.got))
	d.got = append(d.got, p[:n]...)
	if n < len(p) {
		return n, errGone
	}
	return n, nil
}

// TryWritev writes to the connection as if it never blocks.
func (d *outgoing) TryWritev(segs [][]byte) (int, error) {
	if len(d.got) == d.most {
		return -1, errGone
	}
	if d.left == 0 {
		return -1, buftest.ErrBlocked
	}
	n := 0
	for _, s := range segs {
		k := min(len(s), d.left, d.most-len(d.got))
		d.got = append(d.got, s[:k]...)
		d.left -= k
		n += k
	}
	return n, nil
}

func (d *outgoing) Wait() error {
	if d.left > 0 {
		d.t.Error("Wait called with room to write")
	}
	if d.during != nil {
		d.during()
	}
	d.next()
	return nil
}

func waitWriter(t testing.TB, b *buftest.Bench, blocking bool, most int, pieces []byte) (*adapter.WaitWriter, *outgoing) {
	d := &outgoing{t: t, most: most, pieces: pieces, during: b.Disturb}
	b.Discard(b.Len())
	if blocking {
		return &adapter.WaitWriter{Buffer: b.Buffer, Writer: adapter.FromWriter(d)}, d
	}
	return &adapter.WaitWriter{Buffer: b.Buffer, Writer: d, Wait: d.Wait}, d
}

// bufferedWriter is the common interface of WaitWriter and bufio.Writer.
type bufferedWriter interface {
	io.Writer
	io.StringWriter
	io.ByteWriter
	io.ReaderFrom
	Flush() error
	Buffered() int
	Available() int
}

// write does one operation and returns its result.
func write(w bufferedWriter, op, arg int, p []byte, during func()) (int64, error) {
	switch op % 6 {
	case 0, 1:
		n, err := w.Write(p)
		return int64(n), err
	case 2:
		n, err := w.WriteString(string(p))
		return int64(n), err
	case 3:
		return 0, w.WriteByte(byte(arg))
	case 4:
		a := &incoming{data: p, pieces: []byte{byte(1 + arg%200), 3}}
		return w.ReadFrom(readerFunc(func(p []byte) (int, error) {
			during()
			return a.Read(p)
		}))
	}
	return 0, w.Flush()
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func checkWriters(t testing.TB, b *buftest.Bench, blocking bool, most int, pieces, ops []byte) {
	got, gotTo := waitWriter(t, b, blocking, most, pieces)
	wantTo := &outgoing{most: most}
	want := bufio.NewWriterSize(wantTo, b.Limit())
	next := byte(0)
	for ; len(ops) >= 2; ops = ops[2:] {
		p := make([]byte, 3*int(ops[1]))
		for i := range p {
			p[i] = next
			next = (next + 1) % 251
		}
		n, err := write(got, int(ops[0]), int(ops[1]), p, b.Disturb)
		m, wantErr := write(want, int(ops[0]), int(ops[1]), p, b.Disturb)
		// The operation that reports an error depends on how bytes are divided between buffer and
		// connection.
		if err != nil || wantErr != nil {
			break
		}
		if n != m || got.Buffered() != b.Len() || got.Available() != b.Limit()-b.Len() || b.Len() > b.Limit() {
			t.Fatalf("operation %d: %d, want %d; %d buffered, %d available", ops[0]%6, n, m, got.Buffered(), got.Available())
		}
	}
	err, wantErr := got.Flush(), want.Flush()
	if err != wantErr || !bytes.Equal(gotTo.got, wantTo.got) {
		t.Fatalf("%d bytes, %v, want %d, %v", len(gotTo.got), err, len(wantTo.got), wantErr)
	}
	for op := range 6 {
		if n, again := write(got, op, 1, []byte("x"), b.Disturb); err != nil && (n != 0 || again != err) {
			t.Fatalf("operation %d after an error: %d, %v", op, n, again)
		}
	}
}

func FuzzWaitWriter(f *testing.F) {
	f.Add(uint8(0), true, uint16(0), uint16(0), uint16(60000), []byte{}, []byte("\x00\x05\x01\xff\x02\x30\x03\x00\x04\xff\x05\x00"))
	f.Add(uint8(3), false, uint16(70), uint16(30), uint16(700), []byte{9, 0}, []byte("\x04\x05\x04\xff\x03\x00\x02\xff\x01\x30"))
	f.Fuzz(func(t *testing.T, strategy uint8, blocking bool, limit, at, most uint16, pieces, ops []byte) {
		name := buftest.FuzzNames[int(strategy)%len(buftest.FuzzNames)]
		checkWriters(t, buftest.Place(t, name, 1+int(limit)%900, int(at)), blocking, int(most), pieces, ops)
	})
}

func TestWaitWriterWritesAsBufioDoes(t *testing.T) {
	const seed = 22
	rng := rand.New(rand.NewPCG(seed, seed))
	for _, name := range bufstrategy.Names() {
		for i := range buftest.Extent(30, 100) {
			pieces, ops := make([]byte, 10), make([]byte, 60)
			for _, p := range [][]byte{pieces, ops} {
				for j := range p {
					p[j] = byte(rng.IntN(256))
				}
			}
			b := buftest.Place(t, name, 1+rng.IntN(900), rng.IntN(900))
			checkWriters(t, b, i%2 == 0, rng.IntN(40_000), pieces, ops)
			if t.Failed() {
				t.Fatalf("%s, seed %d, round %d", name, seed, i)
			}
			b.Release()
		}
	}
}

func TestWaitWriterPushesBack(t *testing.T) {
	for _, name := range bufstrategy.Names() {
		b := buftest.Place(t, name, 64, 0)
		waits, most := 0, 0
		d := &outgoing{t: t, most: 1 << 30}
		w := &adapter.WaitWriter{Buffer: b.Buffer, Writer: d, Wait: func() error {
			waits++
			most = max(most, b.Len())
			return d.Wait()
		}}
		for range 3 * b.Limit() {
			if n, err := w.WriteString("abc"); n != 3 || err != nil {
				t.Fatal(name, n, err)
			}
		}
		if waits == 0 || most > b.Limit() {
			t.Errorf("%s: waited %d times with up to %d bytes", name, waits, most)
		}
		w.Wait = func() error { return errGone }
		d.left = 3
		if n, err := w.Write(make([]byte, 2*b.Limit())); err != errGone || n > 2*b.Limit() {
			t.Errorf("%s: Write: %d, %v", name, n, err)
		}
		if err := w.Flush(); err != errGone {
			t.Errorf("%s: Flush: %v", name, err)
		}
	}
}

func TestWaitWriterNeedsNoMemory(t *testing.T) {
	pool, err := memory.NewPool(256, 0)
	require.NoError(t, err)
	hog, err := bufstrategy.NewChain(bufstrategy.Options{Segment: 256, Pool: pool})
	require.NoError(t, err)
	if _, err := (adapter.Writer{hog}).WriteString("all"); err != nil {
		t.Fatal(err)
	}
	b, err := bufstrategy.NewChain(bufstrategy.Options{Segment: 256, Pool: pool})
	require.NoError(t, err)
	var out bytes.Buffer
	w := &adapter.WaitWriter{Buffer: b, Writer: adapter.FromWriter(&out)}
	for op := range 5 {
		if _, err := write(w, op, 'b', []byte("written"), func() {}); err != nil {
			t.Errorf("operation %d: %v", op, err)
		}
	}
	if want := "writtenwrittenwrittenbwritten"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
}

func TestWaitWriterGivesUpOnASinkThatDoesNothing(t *testing.T) {
	for what, s := range map[string]bufstrategy.TryWriter{"nothing": buftest.Answers{N: 0}, "would block, and no Wait": buftest.Answers{N: -1, Err: buftest.ErrBlocked}} {
		for _, size := range []int{1, 1000} {
			b := buftest.Place(t, "ring", 64, 0)
			w := &adapter.WaitWriter{Buffer: b.Buffer, Writer: s}
			_, err := w.Write(make([]byte, size))
			if flushed := w.Flush(); flushed != io.ErrNoProgress || size > 64 && err != flushed {
				t.Errorf("%s: Write: %v, Flush: %v", what, err, flushed)
			}
		}
	}
	w := &adapter.WaitWriter{Buffer: buftest.Place(t, "ring", 64, 0).Buffer, Writer: adapter.FromWriter(io.Discard)}
	if _, err := w.ReadFrom(answersReader{}); err != io.ErrNoProgress {
		t.Errorf("ReadFrom: %v", err)
	}
	if _, err := w.ReadFrom(strings.NewReader("goes on")); err != nil || w.Buffered() != 7 {
		t.Errorf("ReadFrom: %v, %d buffered", err, w.Buffered())
	}
}

// Two connections of a loop read into one array. Bytes copied from one must not be overwritten by
// the other.
func TestSharedBuffersCopyToEachOther(t *testing.T) {
	data := make([]byte, 5000)
	for i := range data {
		data[i] = byte(i % 251)
	}
	for _, mode := range []int{blockingMode, waitingMode} {
		pool, err := memory.NewPool(1<<16, 0)
		require.NoError(t, err)
		scratch, err := bufstrategy.NewScratch(600, pool)
		require.NoError(t, err)
		var bs [2]*buftest.Bench
		for i := range bs {
			s, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch, Poison: true})
			require.NoError(t, err)
			other, err := bufstrategy.NewPerLoop(bufstrategy.Options{Scratch: scratch})
			require.NoError(t, err)
			bs[i] = &buftest.Bench{Buffer: s, Disturb: func() {
				other.Space()
				other.Commit(0)
			}}
		}
		for what, copied := range map[string]func(w *adapter.WaitWriter, r *adapter.WaitReader) (int64, error){
			"WriteTo":  func(w *adapter.WaitWriter, r *adapter.WaitReader) (int64, error) { return r.WriteTo(w) },
			"ReadFrom": func(w *adapter.WaitWriter, r *adapter.WaitReader) (int64, error) { return w.ReadFrom(r) },
		} {
			r := waitReader(t, bs[0], mode, data, []byte{200, 3})
			w, d := waitWriter(t, bs[1], mode == blockingMode, 1<<30, []byte{100})
			if n, err := copied(w, r); n != 5000 || err != nil || w.Flush() != nil || !bytes.Equal(d.got, data) {
				t.Errorf("%s: %d, %v, or wrong bytes", what, n, err)
			}
		}
	}
}

func TestWaitWriterAllocatesNothing(t *testing.T) {
	for name, b := range buftest.EveryStrategy(t) {
		waits := 0
		w := &adapter.WaitWriter{Buffer: b, Writer: &buftest.Endless{N: 3000}, Wait: func() error { waits++; return nil }}
		p := make([]byte, 700)
		large := make([]byte, b.Limit()+1)
		round := func() {
			for range 20 {
				for range 10 {
					_, _ = w.Write(p)
					_, _ = w.WriteString("a string")
					_ = w.WriteByte('x')
				}
				require.NoError(t, w.Flush())
				if _, err := w.Write(large); err != nil {
					t.Fatal(err)
				}
			}
		}
		round()
		if n := testing.AllocsPerRun(20, round); n != 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
		if waits == 0 {
			t.Errorf("%s: never waited", name)
		}
	}
}
