package bufstrategy

// flat is one array with the unread bytes lying together in it: what Fixed and Grow have in common.
type flat struct {
	account
	buf  []byte
	r, w int // unread: buf[r:w]
	vec  [1][]byte
}

// offer returns the room behind the unread bytes, up to the limit.
func (f *flat) offer() [][]byte {
	n := min(len(f.buf)-f.w, f.limit-f.Len())
	f.offered = n
	if n == 0 {
		f.stats.Full++
		return nil
	}
	f.vec[0] = f.buf[f.w : f.w+n : f.w+n]
	return f.vec[:]
}

// compact moves the unread bytes to the front.
func (f *flat) compact() {
	n := copy(f.buf, f.buf[f.r:f.w])
	f.stats.Copied += uint64(n)
	f.spoil(f.buf[max(n, f.r):f.w])
	f.r, f.w = 0, n
}

// worthCompacting says that there is no room behind the unread bytes, or that there is little and
// that a move gains at least as much as it copies, so that the bytes discarded so far have paid for
// it, or that few are left over.
func (f *flat) worthCompacting() bool {
	room := len(f.buf) - f.w
	return f.r > 0 && (room == 0 || room < len(f.buf)/4 && f.r >= f.Len() || f.fewLeft())
}

// leftShare is which part of the bytes discarded before them the unread bytes may be to be few.
const leftShare = 8

// fewLeft says that a move of the unread bytes costs little beside the bytes that were discarded
// before them. It pays though there is room behind them: traffic that leaves a part of a message
// over each time would wander through all of the array, and the processor's cache holds the front
// of many arrays, but not all of them.
func (f *flat) fewLeft() bool { return f.r > 0 && f.Len() <= f.r/leftShare }

// replace moves the unread bytes into an array of size bytes; none for zero. It reports false, and
// changes nothing, at the bound of the budget.
func (f *flat) replace(size int) bool {
	held := f.stats.Resident
	if size < held {
		held = 0 // the larger one is given up for it
	}
	var buf []byte
	if size > 0 {
		if !f.allocate(held, size) {
			return false
		}
		buf = make([]byte, size)
	}
	n := copy(buf, f.buf[f.r:f.w])
	f.stats.Copied += uint64(n)
	f.spoil(f.buf[f.r:f.w])
	old := len(f.buf)
	f.buf, f.r, f.w = buf, 0, n
	f.freed(old)
	return true
}

func (f *flat) Commit(n int) {
	f.claim(n)
	f.w += n
	f.level(f.Len())
}

func (f *flat) Segments() [][]byte {
	f.offered = 0
	if f.Len() == 0 {
		return nil
	}
	f.vec[0] = f.buf[f.r:f.w:f.w]
	return f.vec[:]
}

func (f *flat) View(n int) ([]byte, error) {
	f.offered = 0
	if err := checkView(n, f.Len(), f.limit); err != nil {
		return nil, err
	}
	return f.buf[f.r : f.r+n : f.r+n], nil
}

func (f *flat) Discard(n int) {
	f.drop(n)
	f.level(f.Len())
}

// drop is Discard short of the watermarks, which come last.
func (f *flat) drop(n int) {
	f.consume(n, f.Len())
	f.spoil(f.buf[f.r : f.r+n])
	f.r += n
	if f.r == f.w {
		f.r, f.w = 0, 0
	}
}

func (f *flat) Len() int { return f.w - f.r }

func (f *flat) Release() {
	f.offered = 0
	f.spoil(f.buf[f.r:f.w])
	f.freed(len(f.buf))
	f.buf, f.r, f.w = nil, 0, 0
	f.vec[0] = nil
	f.level(0)
}
