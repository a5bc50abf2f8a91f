package bufstrategy

// flat is one array that holds the unread bytes contiguously. Fixed, Grow and Adaptive share it.
type flat struct {
	account
	buf  []byte
	r, w int // unread: buf[r:w]
	vec  [1][]byte
}

// offer returns the room after the unread bytes, up to the limit.
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

// worthCompacting reports whether a move of the unread bytes to the front pays. It pays if there is
// no room after them, or if few of them are left. It also pays if there is little room and the
// bytes discarded so far outweigh the copy.
func (f *flat) worthCompacting() bool {
	room := len(f.buf) - f.w
	return f.r > 0 && (room == 0 || room < len(f.buf)/4 && f.r >= f.Len() || f.fewLeft())
}

// leftShare bounds the unread bytes that count as few: this fraction of the bytes discarded before
// them.
const leftShare = 8

// fewLeft reports whether a move of the unread bytes costs little compared to the bytes discarded
// before them. Such a move pays even if there is room after them. Traffic that leaves part of a
// message over each time would otherwise wander through the whole array. The processor's cache
// holds the front of many arrays, but not all of each.
func (f *flat) fewLeft() bool { return f.r > 0 && f.Len() <= f.r/leftShare }

// replace moves the unread bytes into a new array of size bytes, or drops the array if size is
// zero. At the bound of the budget it changes nothing and reports false.
func (f *flat) replace(size int) bool {
	held := f.stats.Resident
	if size < held {
		held = 0 // the new array replaces the larger one
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

// drop is Discard without the watermarks, which the caller updates last.
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
