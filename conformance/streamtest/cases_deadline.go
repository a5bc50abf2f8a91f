package streamtest

import (
	"io"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

func deadlineCases() []Case {
	return []Case{
		{
			ID: "deadline/past", Doc: "stream.Conn.SetDeadline",
			Rule: "A deadline in the past ends reads and writes at once, even if bytes are available. Those bytes are not lost.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				_, err := io.WriteString(peer, "kept")
				w.check(err, "peer's write")
				w.check(c.SetDeadline(time.Unix(1, 0)), "set deadline")
				for range 2 {
					got := w.read(c, 64).get()
					w.expectError(got.err, os.ErrDeadlineExceeded, "read")
					put := w.write(c, []byte("a")).get()
					w.expectError(put.err, os.ErrDeadlineExceeded, "write")
					if got.n != 0 || put.n != 0 {
						w.Errorf("%d bytes were read, %d written", got.n, put.n)
					}
				}
				w.check(c.SetDeadline(time.Time{}), "clear deadline")
				w.expectRead(c, "kept")
				w.check(w.write(c, []byte("a")).get().err, "write")
			}),
		},
		{
			ID: "deadline/passes", Doc: "stream.Conn.SetDeadline",
			Rule: "A deadline ends a running read or write when it passes, and not before. The connection continues afterwards.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				deadline := time.Now().Add(soon)
				w.check(c.SetReadDeadline(deadline), "set read deadline")
				w.expectError(w.read(c, 64).get().err, os.ErrDeadlineExceeded, "read")
				if time.Now().Before(deadline) {
					w.Errorf("the read deadline expired early")
				}
				deadline = time.Now().Add(soon)
				w.check(c.SetWriteDeadline(deadline), "set write deadline")
				put := w.write(c, make([]byte, bulk)).get()
				w.expectError(put.err, os.ErrDeadlineExceeded, "write")
				if time.Now().Before(deadline) {
					w.Errorf("the write deadline expired early")
				}
				w.check(c.SetDeadline(time.Time{}), "clear deadlines")
				_, err := io.ReadFull(w.from(peer), make([]byte, put.n))
				w.check(err, "peer's read of what was written")
				_, err = io.WriteString(peer, "on")
				w.check(err, "peer's write")
				w.expectRead(c, "on")
				w.check(w.write(c, []byte("a")).get().err, "write")
			}),
		},
		{
			ID: "deadline/future", Doc: "stream.Conn.SetReadDeadline",
			Rule: "A deadline in the future changes nothing, and the deadline of one direction does not affect the other.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.check(c.SetReadDeadline(time.Now().Add(time.Hour)), "set read deadline")
				w.check(c.SetWriteDeadline(time.Unix(1, 0)), "set write deadline")
				n := w.waits(sys.Readable)
				p := w.read(c, 64)
				w.waiting(sys.Readable, n)
				_, err := io.WriteString(peer, "early")
				w.check(err, "peer's write")
				if got := p.get(); string(got.data) != "early" || got.err != nil {
					w.Errorf("got %v, want early", got)
				}
			}),
		},
		{
			ID: "deadline/moved-in", Doc: "stream.Conn.SetDeadline",
			Rule: "Setting a deadline in the past, from any goroutine, ends a running read or write.",
			Run: in(func(w *world) {
				c, _ := w.pair()
				w.small(c)
				n := w.waits(sys.Readable)
				reader := w.read(c, 64)
				w.waiting(sys.Readable, n)
				w.check(c.SetReadDeadline(time.Unix(1, 0)), "set read deadline")
				w.expectError(reader.get().err, os.ErrDeadlineExceeded, "read")
				n = w.waits(sys.Writable)
				writer := w.write(c, make([]byte, bulk))
				w.waiting(sys.Writable, n)
				w.check(c.SetWriteDeadline(time.Unix(1, 0)), "set write deadline")
				w.expectError(writer.get().err, os.ErrDeadlineExceeded, "write")
			}),
		},
		{
			ID: "deadline/moved-out", Doc: "stream.Conn.SetDeadline",
			Rule: "A deadline moved while a read runs does not end the read at the old time.",
			Run: in(func(w *world) {
				// A machine that is too slow to move the deadline in time retries with a later one.
				for after := soon; !w.movedOut(after); after *= 4 {
				}
			}),
		},
		{
			ID: "deadline/try-and-wait", Doc: "stream.Conn.TryReadv",
			Rule: "WaitRead and WaitWrite observe the deadlines. TryReadv and TryWritev do not.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				_, err := io.WriteString(peer, "x")
				w.check(err, "peer's write")
				w.expectRead(c, "x")
				w.check(c.SetDeadline(time.Unix(1, 0)), "set deadline")
				w.expectError(call(w, "wait read", c.WaitRead).get(), os.ErrDeadlineExceeded, "read")
				w.expectError(call(w, "wait write", c.WaitWrite).get(), os.ErrDeadlineExceeded, "write")
				r := call(w, "try", func() [2]error {
					_, rerr := c.TryReadv([][]byte{make([]byte, 1)})
					_, werr := c.TryWritev([][]byte{{1}})
					return [2]error{rerr, werr}
				}).get()
				if r[0] != sys.ErrWouldBlock || r[1] != nil {
					w.Errorf("tries after the deadline: %v, %v, want would-block for the read and nil for the write", r[0], r[1])
				}
			}),
		},
	}
}

// movedOut reports whether it could move a deadline out before it passed.
func (w *world) movedOut(after time.Duration) bool {
	w.Helper()
	c, peer := w.pair()
	old := time.Now().Add(after)
	w.check(c.SetReadDeadline(old), "set read deadline")
	n := w.waits(sys.Readable)
	reader := w.read(c, 64)
	begun := w.waitingOr(sys.Readable, n, old)
	w.check(c.SetReadDeadline(time.Time{}), "clear read deadline")
	if !begun || !time.Now().Before(old) {
		w.check(c.Close(), "close")
		reader.get()
		return false
	}
	// Another wait, which ends after the old deadline, shows that the old time has passed.
	other, _ := w.pair()
	w.check(other.SetReadDeadline(old.Add(time.Millisecond)), "set read deadline")
	w.expectError(w.read(other, 64).get().err, os.ErrDeadlineExceeded, "read")
	_, err := io.WriteString(peer, "late")
	w.check(err, "peer's write")
	if got := reader.get(); string(got.data) != "late" || got.err != nil {
		w.Errorf("got %v, want late", got)
	}
	return true
}
