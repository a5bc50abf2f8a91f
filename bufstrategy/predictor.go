package bufstrategy

// calmReads is the number of consecutive reads that must use less than half of the prediction
// before it is halved.
const calmReads = 8

// Predictor predicts the number of bytes of the next read from past reads, without a clock:
//
//   - A read that fills the offered room, or returns at least the predicted number of bytes,
//     doubles the prediction at once. Doubling repeats until the prediction exceeds the read.
//   - Eight consecutive reads that use less than half of the prediction halve it.
//   - A read that fills less than half of the prediction because no more room was offered is
//     ignored.
//
// A stream of equal reads settles. After a doubling a read uses half, which is not less than half.
// After a halving it does not fill the offered room.
//
// Every Adaptive has its own Predictor. The buffers of a loop may share another one,
// Options.Predictor. It learns from every read of all of them, so that a fresh connection starts
// with what the others have learned.
//
// The zero value has learned nothing. A Predictor belongs to one goroutine or one loop.
type Predictor struct {
	next int // zero if nothing was learned
	calm int // consecutive small reads
}

// Next returns the prediction in bytes, or zero if nothing was learned.
func (p *Predictor) Next() int { return p.next }

// learn updates the prediction after a read of n bytes, more than zero, into room for offered
// bytes. The prediction starts at low and stays between low and high.
func (p *Predictor) learn(n, offered, low, high int) {
	if p.next == 0 {
		p.next = low
	}
	half := p.next - p.next/2
	switch {
	case n >= p.next || n == offered && n >= half:
		p.calm = 0
		p.double(high)
		for n >= p.next && p.next < high {
			p.double(high)
		}
	case n == offered:
		// The room was small, and more bytes may have been available.
	case n >= half:
		p.calm = 0
	default:
		p.calm++
		if p.calm >= calmReads {
			p.calm = 0
			p.next = min(p.next, max(p.next/2, low))
		}
	}
}

func (p *Predictor) double(high int) { p.next += max(0, min(p.next, high-p.next)) }
