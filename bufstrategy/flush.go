package bufstrategy

import (
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/try"
)

// TryWriter is a socket to write to that never blocks.
//
// TryWritev writes once from segs, none of which is empty, and returns the number of bytes written,
// which may be fewer than segs holds. If it can write none, it returns an error that has, or wraps
// an error that has, a method WouldBlock() bool that reports true. A negative count returned with
// an error counts as zero. TryWritev must not keep or change segs.
type TryWriter interface {
	TryWritev(segs [][]byte) (int, error)
}

// Flush writes from src to dst until it has a reason to stop, and returns the number of bytes
// written.
//
// budget bounds the number of bytes, and Flush never writes more. If budget is zero or negative,
// only the bytes in src bound them. A short write does not count as would-block: Flush continues
// until dst returns would-block.
//
// The error is nil except with Failed. With Failed it is the unmodified error of dst, and bytes
// that dst did not count as written stay in src. io.ErrNoProgress means that dst returned neither a
// count nor an error.
//
// Flush itself allocates nothing.
func Flush(src Buffer, dst TryWriter, budget int) (Outcome, int, error) {
	total := 0
	for {
		if src.Len() == 0 {
			return Emptied, total, nil
		}
		if budget > 0 && total >= budget {
			return Budget, total, nil
		}
		segs, room := shorten(src.Segments(), budget-total, budget > 0)
		n, err := dst.TryWritev(segs)
		if n < 0 && err != nil {
			n = 0 // system calls count failure as -1
		}
		try.CheckMoved(n, room)
		src.Discard(n)
		total += n
		switch {
		case err == nil && n == 0:
			return Failed, total, io.ErrNoProgress
		case err == nil:
		case try.WouldBlock(err):
			return Blocked, total, nil
		default:
			return Failed, total, err
		}
	}
}
