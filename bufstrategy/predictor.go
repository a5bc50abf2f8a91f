package bufstrategy

// calmReads is how many reads in a row must have used less than half of the prediction before it is
// halved.
const calmReads = 8

// Predictor says how many bytes the next read will get, from what the last ones got, without a
// clock:
//
//   - a read that filled what it was offered, or got as much as was predicted, doubles the
//     prediction at once, and again until it is more than the read got;
//   - eight reads in a row that used less than half of the prediction halve it;
//   - a read that filled less than half of the prediction, because no more room was offered, says
//     nothing.
//
// A stream of equal reads comes to rest: after a doubling a read uses half, which is not less than
// half, and after a halving it does not fill what it is offered.
//
// Every Adaptive has one of its own. The buffers of a loop may have one more together,
// Options.Predictor, which learns from every read of all of them, so that a fresh connection begins
// with what the others have learnt.
//
// The zero value has learnt nothing. A Predictor belongs to one goroutine, or to one loop.
type Predictor struct {
	next int // 0: nothing learnt
	calm int // small reads in a row
}

// Next returns the prediction in bytes; zero when nothing was learnt.
func (p *Predictor) Next() int { return p.next }

// learn takes in a read that got n bytes, more than zero, where offered were. It begins with low,
// and takes the prediction neither above high nor below low.
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
		// The room was small, and more may have been there.
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
