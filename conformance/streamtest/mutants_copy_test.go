package streamtest

import (
	"io"
	"net"
	"os"
)

// copies changes ReadFrom.
func copies(change func(b *brokenConn, r io.Reader) (int64, error)) func(f *Fixture) {
	return conns(func(b *brokenConn) {
		b.readFrom = func(r io.Reader) (int64, error) { return change(b, r) }
	})
}

// limited returns the reader that r limits, and whether r is a limited reader.
func limited(r io.Reader) (io.Reader, bool) {
	if l, ok := r.(*io.LimitedReader); ok {
		return l.R, true
	}
	return r, false
}

func copyMutants() []mutant {
	return []mutant{
		broken("the limit of a file is not heeded", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			if from, ok := limited(r); ok {
				if _, ok := from.(*os.File); ok {
					return b.conn.ReadFrom(from)
				}
			}
			return b.conn.ReadFrom(r)
		}), "copy/file"),
		broken("a file is read ahead", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			if f, ok := r.(*os.File); ok {
				data, err := io.ReadAll(f)
				if err != nil {
					return 0, err
				}
				n, err := b.conn.Write(data)
				return int64(n), err
			}
			return b.conn.ReadFrom(r)
		}), "copy/file-late"),
		broken("a copy that fails counts nothing", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			n, err := b.conn.ReadFrom(r)
			if err != nil {
				n = 0
			}
			return n, err
		}), "copy/file-late"),
		broken("a connection is read ahead", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			if from, ok := limited(r); ok {
				if from, ok := from.(*brokenConn); ok {
					n, err := b.conn.ReadFrom(r)
					if err == nil {
						from.conn.Read(make([]byte, 1))
					}
					return n, err
				}
			}
			return b.conn.ReadFrom(r)
		}), "copy/conn"),
		broken("Close ends both", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			n, err := b.conn.ReadFrom(r)
			if from, ok := r.(*brokenConn); ok && err != nil {
				from.conn.Close()
			}
			return n, err
		}), "copy/conn-closed"),
		broken("what is no file is not copied to its end", copies(func(b *brokenConn, r io.Reader) (int64, error) {
			from, ok := limited(r)
			if _, isFile := from.(*os.File); ok && !isFile {
				if _, isConn := from.(net.Conn); !isConn {
					return b.conn.ReadFrom(io.LimitReader(r, 5))
				}
			}
			return b.conn.ReadFrom(r)
		}), "copy/other"),
		broken("segments behind the most of a kernel are dropped", conns(func(b *brokenConn) {
			b.writev = func(v *net.Buffers) (int64, error) {
				const most = 1024
				if len(*v) != manySegments {
					return b.conn.Writev(v)
				}
				first := (*v)[:most]
				n, err := b.conn.Writev(&first)
				*v = (*v)[most:]
				return n, err
			}
		}), "write/segments"),
	}
}

func (b *brokenConn) ReadFrom(r io.Reader) (int64, error) {
	if b.readFrom != nil {
		return b.readFrom(r)
	}
	return b.conn.ReadFrom(r)
}
