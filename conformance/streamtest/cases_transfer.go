package streamtest

import (
	"bytes"
	"io"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/sys"
)

// bulk is more than the buffers of two sockets hold when the writer's buffer is small, so a writer
// has to wait for its reader.
const bulk = 1 << 20

// smallBuffer is the size of the kernel's buffer where a case wants partial writes.
const smallBuffer = 64 << 10

func transferCases() []Case {
	return []Case{
		{
			ID: "read/waits", Doc: "stream.Conn.Read",
			Rule: "Read suspends its caller until at least one byte is available, and returns what is available.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				for _, message := range []string{"one", "two", "three"} {
					n := w.waits(sys.Readable)
					p := w.read(c, 64)
					w.waiting(sys.Readable, n)
					_, err := io.WriteString(peer, message)
					w.check(err, "peer's write")
					if got := p.get(); string(got.data) != message || got.err != nil {
						w.Fatalf("got %v, want %q", got, message)
					}
				}
			}),
		},
		{
			ID: "read/all", Doc: "stream.Conn.Read",
			Rule: "Reads return all bytes of the peer in order, then io.EOF.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				data := w.random(bulk)
				go func() {
					peer.Write(data)
					peer.CloseWrite()
				}()
				if got := w.readAll(c).get(); !bytes.Equal(got.data, data) || got.err != nil {
					w.Errorf("%d of %d bytes arrived, or they differ: %v", got.n, len(data), got.err)
				}
			}),
		},
		{
			ID: "read/no-room", Doc: "stream.Conn.Read",
			Rule: "Reading into, or writing from, an empty slice returns 0, nil and does not wait.",
			Run: in(func(w *world) {
				c, _ := w.pair()
				for _, p := range []*pending[result]{w.read(c, 0), w.write(c, nil)} {
					if got := p.get(); got.n != 0 || got.err != nil {
						w.Errorf("%s: got %v, want 0, nil", p.what, got)
					}
				}
			}),
		},
		{
			ID: "write/partial", Doc: "stream.Conn.Write",
			Rule:   "Write writes all bytes in order, however little the kernel takes per call.",
			Source: "counts of partial writes that are dropped, or bytes that are sent twice",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				data := w.random(bulk)
				n := w.waits(sys.Writable)
				p := w.write(c, data)
				w.waiting(sys.Writable, n) // the peer does not read, so the kernel cannot take everything
				got := make([]byte, bulk)
				_, err := io.ReadFull(w.from(peer), got)
				w.check(err, "peer's read")
				if r := p.get(); r.n != len(data) || r.err != nil {
					w.Errorf("write: got %v, want %d, nil", r, len(data))
				}
				if !bytes.Equal(got, data) {
					w.Errorf("the bytes that arrived differ from those written")
				}
			}),
		},
		{
			ID: "write/vectored", Doc: "stream.Conn.Writev",
			Rule:   "Writev writes all segments in order and consumes them, including empty ones and more than the kernel takes per call.",
			Source: "vectors longer than IOV_MAX",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				data := w.random(bulk)
				v, rest := net.Buffers{}, data
				for i := 0; len(rest) > 0; i++ {
					n := min(len(rest), i%7*i)
					if len(v) > 4*segmentCount {
						n = len(rest)
					}
					v, rest = append(v, rest[:n]), rest[n:]
				}
				p := call(w, "writev", func() result {
					n, err := c.Writev(&v)
					return result{nil, int(n), err}
				})
				got := make([]byte, len(data))
				_, err := io.ReadFull(w.from(peer), got)
				w.check(err, "peer's read")
				if r := p.get(); r.n != len(data) || r.err != nil || len(v) != 0 {
					w.Errorf("writev: got %v and %d segments left, want %d, nil and none", r, len(v), len(data))
				}
				if !bytes.Equal(got, data) {
					w.Errorf("the bytes that arrived differ from those written")
				}
			}),
		},
		{
			ID: "read/short-cut", Doc: "stream.Conn.ShortReadDrains",
			Rule:   "ShortReadDrains does not treat a read limited by the bound on segments as a short one.",
			Source: "a connection that stalls with bytes left in its socket",
			Run: in(func(w *world) {
				c, peer := w.pair()
				data := w.random(2 * segmentCount)
				_, err := peer.Write(data)
				w.check(err, "peer's write")
				w.check(peer.CloseWrite(), "peer's close")
				var got []byte
				for {
					segs := make([][]byte, segmentCount)
					for i := range segs {
						segs[i] = make([]byte, 1)
					}
					before := w.waits(sys.Readable)
					type tried struct {
						n      int
						err    error
						drains bool
					}
					r := call(w, "readv", func() tried {
						for {
							n, err := c.TryReadv(segs)
							if err != sys.ErrWouldBlock {
								return tried{n, err, c.ShortReadDrains()}
							}
							if err := c.WaitRead(); err != nil {
								return tried{0, err, false}
							}
						}
					}).get()
					if r.err == io.EOF {
						break
					}
					w.check(r.err, "readv")
					if r.drains {
						// Every segment has one byte: no read of these stops inside one.
						w.Fatalf("after readv of %d of %d bytes, ShortReadDrains reports a drained socket (%d waits before)", r.n, len(data), before)
					}
					for _, s := range segs[:r.n] {
						got = append(got, s...)
					}
				}
				if !bytes.Equal(got, data) {
					w.Errorf("got %d bytes, want %d, or they differ", len(got), len(data))
				}
			}),
		},
		{
			ID: "fill/conn", Doc: "stream.Conn.TryReadv",
			Rule: "bufstrategy.Fill and Flush read and write a Conn, with WaitRead and WaitWrite on would-block, to the last byte and the end.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				data := w.random(bulk / 2)
				sent := make(chan error, 1)
				go func() {
					_, err := peer.Write(data)
					peer.CloseWrite()
					sent <- err
				}()
				w.check(c.SetDeadline(time.Now().Add(time.Hour)), "set a deadline that changes nothing")
				p := call(w, "echo by Fill and Flush", func() error { return echo(c) })
				got, err := io.ReadAll(w.from(peer))
				w.check(err, "peer's read")
				w.check(p.get(), "echo")
				w.check(await(w, "peer's write", sent), "peer's write")
				if !bytes.Equal(got, data) {
					w.Errorf("%d of %d bytes came back, or they differ", len(got), len(data))
				}
			}),
		},
	}
}

// small makes the kernel take little from c per call.
func (w *world) small(c conn) {
	w.Helper()
	w.check(c.SetWriteBuffer(smallBuffer), "write buffer")
}

// echo writes back what it reads until the end, with Fill and Flush, and then ends its own stream.
func echo(c conn) error {
	pool, err := memory.NewPool(1<<20, 1<<20)
	if err != nil {
		return err
	}
	b, err := bufstrategy.NewChain(bufstrategy.Options{Limit: 64 << 10, Segment: 512, Pool: pool})
	if err != nil {
		return err
	}
	defer b.Release()
	for {
		filled, _, err := bufstrategy.Fill(b, c, 0)
		if filled == bufstrategy.Failed {
			return err
		}
		for {
			flushed, _, err := bufstrategy.Flush(b, c, 0)
			if flushed == bufstrategy.Failed {
				return err
			}
			if flushed == bufstrategy.Emptied {
				break
			}
			if err := c.WaitWrite(); err != nil {
				return err
			}
		}
		switch filled {
		case bufstrategy.EOF:
			return c.CloseWrite()
		case bufstrategy.Drained:
			if err := c.WaitRead(); err != nil {
				return err
			}
		}
	}
}
