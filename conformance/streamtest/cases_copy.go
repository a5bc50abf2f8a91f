package streamtest

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// manySegments is more than any kernel takes in one call (IOV_MAX is 1,024).
const manySegments = 3000

func copyCases() []Case {
	return []Case{
		{
			ID: "copy/file", Doc: "stream.Conn.ReadFrom",
			Rule:  "ReadFrom sends a file from its position, to its end or up to the limit of a LimitedReader. The position advances by the bytes sent.",
			Needs: []Feature{SendFile},
			Run:   in(copyFile),
		},
		{
			ID: "copy/file-late", Doc: "stream.Conn.ReadFrom",
			Rule:   "A ReadFrom that reaches the deadline returns how much was sent. The file's position matches, and the next ReadFrom continues from there.",
			Source: "counts of sendfile that are lost with the error",
			Needs:  []Feature{SendFile},
			Run:    in(copyFileLate),
		},
		{
			ID: "copy/conn", Doc: "stream.Conn.ReadFrom",
			Rule: "ReadFrom of another connection moves its bytes until its end or the limit of a LimitedReader. The remaining bytes can still be read.",
			Run:  in(copyConn),
		},
		{
			ID: "copy/conn-closed", Doc: "stream.Conn.ReadFrom",
			Rule: "Close of the destination ends ReadFrom with net.ErrClosed and the number of bytes sent. The source connection continues.",
			Run:  in(copyConnClosed),
		},
		{
			ID: "copy/other", Doc: "stream.Conn.ReadFrom",
			Rule: "ReadFrom and WriteTo also copy between ends that the kernel cannot copy between.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				n := call(w, "read from", func() result {
					n, err := c.ReadFrom(io.LimitReader(strings.NewReader("0123456789"), 7))
					return result{nil, int(n), err}
				}).get()
				if n.n != 7 || n.err != nil {
					w.Errorf("ReadFrom: %v, want 7", n)
				}
				w.arrives(peer, []byte("0123456"))
				_, err := io.WriteString(peer, "answer")
				w.check(err, "peer's write")
				w.check(peer.CloseWrite(), "peer's close")
				r := call(w, "write to", func() result {
					var b bytes.Buffer
					n, err := c.WriteTo(&b)
					return result{b.Bytes(), int(n), err}
				}).get()
				if string(r.data) != "answer" || r.n != 6 || r.err != nil {
					w.Errorf("WriteTo: %d, %v", r.n, r)
				}
			}),
		},
		{
			ID: "write/segments", Doc: "stream.Conn.Writev",
			Rule:   "Writev takes more segments than any kernel does per call.",
			Source: "EINVAL of writev(2) with more than IOV_MAX segments",
			Run: in(func(w *world) {
				c, peer := w.pair()
				data := w.random(3 * manySegments)
				var v net.Buffers
				for rest := data; len(rest) > 0; rest = rest[3:] {
					v = append(v, rest[:3])
				}
				p := call(w, "writev", func() result {
					n, err := c.Writev(&v)
					return result{nil, int(n), err}
				})
				w.arrives(peer, data)
				if r := p.get(); r.n != len(data) || r.err != nil || len(v) != 0 {
					w.Errorf("writev: got %v and %d segments left, want %d, nil and none", r, len(v), len(data))
				}
			}),
		},
	}
}

// file returns a file with data, positioned after its first skip bytes.
func (w *world) file(data []byte, skip int64) *os.File {
	w.Helper()
	name := filepath.Join(w.TempDir(), "data")
	w.check(os.WriteFile(name, data, 0o600), "write a file")
	f, err := os.Open(name)
	w.check(err, "open a file")
	w.Cleanup(func() { f.Close() }) // before its directory is removed: Windows refuses to remove it otherwise
	_, err = f.Seek(skip, io.SeekStart)
	w.check(err, "seek")
	return f
}

// stands checks that the position of f is at.
func (w *world) stands(f *os.File, at int) {
	w.Helper()
	if got, err := f.Seek(0, io.SeekCurrent); got != int64(at) || err != nil {
		w.Errorf("the file's position is %d, %v, want %d", got, err, at)
	}
}

func (w *world) readFrom(c conn, r io.Reader) *pending[result] {
	return call(w, "read from", func() result {
		n, err := c.ReadFrom(r)
		return result{nil, int(n), err}
	})
}

func copyFile(w *world) {
	c, peer := w.pair()
	w.small(c)
	const skip, limit = 1000, half
	data := w.random(bulk)
	f := w.file(data, skip)
	l := &io.LimitedReader{R: f, N: limit}
	p := w.readFrom(c, l)
	w.arrives(peer, data[skip:skip+limit])
	if r := p.get(); r.n != limit || r.err != nil || l.N != 0 {
		w.Errorf("ReadFrom: %v with %d left, want %d and 0", r, l.N, limit)
	}
	w.stands(f, skip+limit)
	p = call(w, "io.Copy", func() result {
		n, err := io.Copy(c, f)
		return result{nil, int(n), err}
	})
	w.arrives(peer, data[skip+limit:])
	if r := p.get(); r.n != len(data)-skip-limit || r.err != nil {
		w.Errorf("io.Copy: %v, want %d", r, len(data)-skip-limit)
	}
	w.stands(f, len(data))
	if r := w.readFrom(c, f).get(); r.n != 0 || r.err != nil {
		w.Errorf("ReadFrom at the end of the file: %v", r)
	}
}

func copyFileLate(w *world) {
	c, peer := w.pair()
	w.small(c)
	data := w.random(2 * bulk)
	f := w.file(data, 0)
	n := w.waits(sys.Writable)
	p := w.readFrom(c, f)
	w.waiting(sys.Writable, n) // the kernel has taken what it takes
	w.check(c.SetWriteDeadline(time.Unix(1, 0)), "set deadline")
	late := p.get()
	w.expectError(late.err, os.ErrDeadlineExceeded, "write")
	if late.n == 0 {
		w.Errorf("a ReadFrom that reached the deadline counted nothing")
	}
	w.stands(f, late.n)
	w.check(c.SetWriteDeadline(time.Time{}), "clear deadline")
	n = w.waits(sys.Writable)
	p = w.readFrom(c, f)
	w.waiting(sys.Writable, n)
	w.arrives(peer, data)
	if r := p.get(); r.n != len(data)-late.n || r.err != nil {
		w.Errorf("ReadFrom of the rest: %v, want %d", r, len(data)-late.n)
	}
}

func copyConn(w *world) {
	to, peer := w.pair()
	w.small(to)
	from, source := w.pair()
	data := w.random(bulk)
	go func() {
		source.Write(data)
		source.CloseWrite()
	}()
	n := w.waits(sys.Writable)
	p := w.readFrom(to, &io.LimitedReader{R: from, N: bulk - 10})
	w.waiting(sys.Writable, n) // while the peer does not read
	w.arrives(peer, data[:bulk-10])
	if r := p.get(); r.n != bulk-10 || r.err != nil {
		w.Errorf("ReadFrom: %v, want %d", r, bulk-10)
	}
	w.expectRead(from, string(data[bulk-10:]))
	if r := w.readFrom(to, from).get(); r.n != 0 || r.err != nil {
		w.Errorf("ReadFrom at the end: %v", r)
	}
}

func copyConnClosed(w *world) {
	to, peer := w.pair()
	w.small(to)
	from, source := w.pair()
	data := w.random(2 * bulk)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		source.Write(data)
		source.CloseWrite()
	}()
	n := w.waits(sys.Writable)
	p := w.readFrom(to, from)
	w.waiting(sys.Writable, n)
	w.check(to.Close(), "close")
	r := p.get()
	w.expectError(r.err, net.ErrClosed, "write")
	got, err := io.ReadAll(w.from(peer))
	if err != nil || len(got) != r.n || !bytes.HasPrefix(data, got) {
		w.Errorf("%d bytes counted, %d arrived, or the bytes differ: %v", r.n, len(got), err)
	}
	rest := w.readAll(from).get()
	if rest.err != nil || !bytes.HasSuffix(data, rest.data) {
		w.Errorf("the bytes that were not moved cannot be read: %d bytes, %v", rest.n, rest.err)
	}
	await(w, "the source's write", sent)
}
