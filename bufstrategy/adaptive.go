package bufstrategy

var _ Buffer = (*Adaptive)(nil)

// tooLarge is the factor at which an array is too large: this many times the prediction and this
// many times the most bytes unread at once.
const tooLarge = 4

// calmTurns is the number of consecutive times that an Adaptive must run empty with a too large
// array before it gives the array back.
const calmTurns = 8

// Adaptive is one array whose size follows a prediction of the next read, between Options.Initial
// and Limit bytes. A Predictor derives the prediction from past reads. Space offers room for the
// predicted number of bytes, or for at least half of it if unread bytes are in the way.
//
// Adaptive gives the array back after it has run empty eight times in a row with a too large array.
// Too large means at least four times the prediction and four times the most bytes unread since the
// previous time. The next Space allocates an array of the predicted size. A connection that had a
// burst therefore holds little again after a period of small traffic. A connection with reads of
// even size copies and allocates nothing, as long as it runs empty between reads.
//
// Adaptive copies unread bytes to compact if at least as many bytes were discarded before them, and
// into a larger array otherwise. At Limit, a consumer that takes a few bytes per call from a full
// buffer makes each Space cost a move, as with Fixed. Traffic that alternates between long small
// phases and bulk makes it allocate each time.
//
// Trim gives the array back if the buffer is empty. Otherwise Trim shrinks the array to its bytes,
// but not below Initial. Release resets the buffer's own prediction, but not Options.Predictor.
type Adaptive struct {
	flat
	initial int
	own     Predictor
	loop    *Predictor
	peak    int // most bytes unread since it last ran empty
	calm    int // consecutive times that it ran empty with a too large array
}

// NewAdaptive returns an Adaptive. It uses Limit, Initial, Predictor, High, Low, Watcher, Budget
// and Poison of the options.
func NewAdaptive(o Options) (*Adaptive, error) {
	o, err := o.checked("adaptive")
	if err != nil {
		return nil, err
	}
	a := &Adaptive{flat: flat{account: newAccount(o)}, initial: o.Initial, loop: o.Predictor}
	a.watch(a, o.Watcher)
	return a, nil
}

// Next returns the predicted size of the next read in bytes, between Options.Initial and Limit.
func (a *Adaptive) Next() int {
	if a.own.next == 0 && a.loop != nil {
		// A fresh connection starts with the prediction that its loop has learned.
		a.own.next = a.loop.next
	}
	a.own.next = min(max(a.own.next, a.initial), a.limit)
	return a.own.next
}

// Space offers the room after the unread bytes, in an array with some room for the predicted read.
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
		// There is enough room after the bytes, or no more is allowed.
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

// larger returns the size of the array that replaces one that is too small. It fits the prediction
// and the unread bytes. If bytes must be copied, it is at least twice the old size, so that each
// byte is copied only a few times.
func (a *Adaptive) larger() int {
	size := len(a.buf)
	want := a.Next() + min(a.Len(), a.limit-a.Next())
	if a.Len() > 0 {
		want = max(want, size+min(size, a.limit-size))
	}
	return want
}

// Commit makes n bytes of the space readable, and updates the prediction.
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

// Discard consumes n bytes. It gives the array back if the array has been too large for long
// enough.
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

// Trim gives the array back, or the part that the unread bytes do not need.
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

// Release drops the unread bytes and the prediction, and gives the array back.
func (a *Adaptive) Release() {
	a.own, a.peak, a.calm = Predictor{}, 0, 0
	a.flat.Release()
}
