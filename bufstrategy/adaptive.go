package bufstrategy

var _ Buffer = (*Adaptive)(nil)

// tooLarge is how many times the prediction, and all that was unread at once, an array must be to
// be too large.
const tooLarge = 4

// calmTurns is how many times in a row an Adaptive must have run empty with an array that is too
// large to give it back.
const calmTurns = 8

// Adaptive is one array whose size follows a prediction of the next read, which a Predictor makes
// from the last ones, between Options.Initial and Limit bytes. It offers room for what is
// predicted, or at least for half of that where unread bytes are in the way.
//
// When it has run empty eight times in a row, each time with an array that was at least four times
// the prediction, and four times what was unread at once since the time before, it gives the array
// back; the next Space makes one of the size predicted. So a connection that had a burst holds
// little again after a while of small traffic, and one whose reads are even copies and allocates
// nothing, as long as it runs empty between reads.
//
// It copies unread bytes to compact, where as many were discarded before them, and into a larger
// array otherwise. At Limit, a consumer that takes a few bytes at a time of a full buffer makes
// each Space cost a move, as with Fixed. Traffic that is small for long and then bulky, again and
// again, makes it allocate each time.
//
// Trim gives the array back when the buffer is empty, and otherwise shrinks it to its bytes, but
// not below Initial. Release forgets what was learnt, but not what Options.Predictor has.
type Adaptive struct {
	flat
	initial int
	own     Predictor
	loop    *Predictor
	peak    int // most bytes unread since it last ran empty
	calm    int // times in a row that it ran empty with an array too large
}

// NewAdaptive makes an Adaptive. It uses Limit, Initial, Predictor, High, Low, Watcher, Budget and
// Poison of the options.
func NewAdaptive(o Options) (*Adaptive, error) {
	o, err := o.checked("adaptive")
	if err != nil {
		return nil, err
	}
	a := &Adaptive{flat: flat{account: newAccount(o)}, initial: o.Initial, loop: o.Predictor}
	a.watch(a, o.Watcher)
	return a, nil
}

// Next returns how many bytes the next read is predicted to get, between Options.Initial and Limit.
func (a *Adaptive) Next() int {
	if a.own.next == 0 && a.loop != nil {
		// A fresh connection: what the others of its loop have learnt.
		a.own.next = a.loop.next
	}
	a.own.next = min(max(a.own.next, a.initial), a.limit)
	return a.own.next
}

// Space offers the room behind the unread bytes, in an array that has some for what is predicted.
func (a *Adaptive) Space() [][]byte {
	want := min(a.Next(), a.limit-a.Len())
	if a.Len() > 0 {
		want = (want + 1) / 2
	}
	size := len(a.buf)
	if a.fewLeft() {
		a.compact()
	}
	switch {
	case size-a.w >= want:
		// Enough room behind the bytes, or none allowed.
	case size == 0:
		if !a.replace(want) && want > a.initial {
			a.replace(a.initial)
		}
	case a.r > 0 && a.r >= a.Len() && size-a.Len() >= want:
		// The bytes discarded so far have paid for the move.
		a.compact()
	case size < a.limit:
		if !a.replace(a.larger()) && a.worthCompacting() {
			a.compact()
		}
	case a.worthCompacting():
		a.compact()
	}
	return a.offer()
}

// larger is the size of an array that takes the place of one that is too small: the prediction and
// the unread bytes, and at least twice as much as there was where bytes have to be copied, so that
// each is copied but a few times.
func (a *Adaptive) larger() int {
	size := len(a.buf)
	want := a.Next() + min(a.Len(), a.limit-a.Next())
	if a.Len() > 0 {
		want = max(want, size+min(size, a.limit-size))
	}
	return want
}

// Commit makes n bytes of the space readable, and learns from it.
func (a *Adaptive) Commit(n int) {
	if n > 0 && n <= a.offered {
		a.own.learn(n, a.offered, a.initial, a.limit)
		if a.loop != nil {
			a.loop.learn(n, a.offered, a.initial, MaxLimit)
		}
	}
	a.peak = max(a.peak, a.Len()+n)
	a.flat.Commit(n)
}

// Discard consumes n bytes, and gives the array back when it has been too large for long.
func (a *Adaptive) Discard(n int) {
	a.drop(n)
	if n > 0 && a.Len() == 0 {
		a.ranEmpty()
	}
	a.level(a.Len())
}

func (a *Adaptive) ranEmpty() {
	if len(a.buf)/tooLarge >= max(a.own.next, a.peak) {
		a.calm++
	} else {
		a.calm = 0
	}
	a.peak = 0
	if a.calm >= calmTurns {
		a.calm = 0
		a.replace(0)
	}
}

// Trim gives the array back, or as much of it as the unread bytes do not need.
func (a *Adaptive) Trim() {
	a.offered = 0
	if a.Len() == 0 {
		a.flat.Release()
		return
	}
	if size := max(a.Len(), a.initial); size < len(a.buf) {
		a.replace(size)
	}
}

// Release forgets the unread bytes and what was learnt, and gives the array back.
func (a *Adaptive) Release() {
	a.own, a.peak, a.calm = Predictor{}, 0, 0
	a.flat.Release()
}
