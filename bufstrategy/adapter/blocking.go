package adapter

import (
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// FromReader returns a TryReader for a reader that blocks, such as a net.Conn, and for one
// goroutine per connection. A Fill from it reads at most once, into the first segment of space, and
// that read may block. If another read might block while there are bytes to parse, Fill reports
// Drained. The caller then consumes them and calls Fill again.
func FromReader(r io.Reader) bufstrategy.TryReader { return &blockingReader{r: r} }

type blockingReader struct {
	r    io.Reader
	some bool // the last read returned bytes; another might block while they wait to be parsed
}

var errReadOnce error = wouldBlockError("adapter: a second read could block")

func (b *blockingReader) TryReadv(segs [][]byte) (int, error) {
	if b.some {
		b.some = false
		return 0, errReadOnce
	}
	n, err := b.r.Read(segs[0])
	b.some = n > 0 && err == nil
	return n, err
}

// FromWriter returns a TryWriter for a writer that blocks, such as a net.Conn. A Flush to it blocks
// until everything is written.
func FromWriter(w io.Writer) bufstrategy.TryWriter { return blockingWriter{w} }

type blockingWriter struct{ w io.Writer }

func (b blockingWriter) TryWritev(segs [][]byte) (int, error) {
	total := 0
	for _, s := range segs {
		n, err := b.w.Write(s)
		total += max(n, 0)
		if err != nil || n < len(s) {
			return total, orError(err, io.ErrShortWrite)
		}
	}
	return total, nil
}
