package bufstrategy

import "io"

// TryWriter is a socket to write to that never blocks.
//
// TryWritev writes once from segs, none of which is empty, and returns how many bytes it took,
// which may be fewer than there are. When it can take none it returns an error that has a method
// WouldBlock() bool which reports true, or that wraps such an error. A count below zero beside an
// error counts as zero. It must not keep or change segs.
type TryWriter interface {
	TryWritev(segs [][]byte) (int, error)
}

// Flush writes from src to dst until it can say why to stop, and returns how many bytes it wrote.
//
// budget bounds the bytes; Flush never writes more. Zero or less means that only the bytes in src
// bound them. A short write is not taken for would-block: Flush writes on until dst says so.
//
// The error is nil except with Failed, where it is the error of dst, as dst returned it; bytes that
// dst did not count as written stay in src. io.ErrNoProgress means that dst returned neither a
// count nor an error.
//
// Flush allocates nothing itself.
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
		checkMoved(n, room)
		src.Discard(n)
		total += n
		switch {
		case err == nil && n == 0:
			return Failed, total, io.ErrNoProgress
		case err == nil:
		case wouldBlock(err):
			return Blocked, total, nil
		default:
			return Failed, total, err
		}
	}
}
