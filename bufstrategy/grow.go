package bufstrategy

var _ Buffer = (*Grow)(nil)

// calmMax is how many times a Grow must have run empty, with little used in between, before it
// halves its array.
const calmMax = 16

// Grow is one array that begins with Options.Initial bytes and doubles, up to Limit, when less than
// a quarter of it is free. It copies to grow, and to compact where that frees at least half of the
// array, or where the unread bytes are at most an eighth of what was discarded before them.
//
// It shrinks by a rule without a clock: after it has run empty 16 times in a row, and never held
// more than a quarter of its array meanwhile, it continues with half the array, but not less than
// Initial. Trim shrinks at once: an empty buffer to nothing, any other to the smallest array that
// holds its bytes.
//
// While it moves to another array it holds both: less than twice Limit.
type Grow struct {
	flat
	initial int
	size    int // of the array to be made when there is none
	peak    int // most bytes unread since it last ran empty
	calm    int // times it ran empty with a low peak
}

// NewGrow makes a Grow. It uses Limit, Initial, High, Low, Watcher, Budget and Poison of the
// options.
func NewGrow(o Options) (*Grow, error) {
	o, err := o.checked("grow")
	if err != nil {
		return nil, err
	}
	g := &Grow{flat: flat{account: newAccount(o)}, initial: o.Initial, size: o.Initial}
	g.watch(g, o.Watcher)
	return g, nil
}

// Space offers the room behind the unread bytes, after growth or a move to the front where little
// is free.
func (g *Grow) Space() [][]byte {
	size := len(g.buf)
	switch {
	case size == 0:
		if !g.replace(g.size) && g.size > g.initial {
			g.replace(g.initial)
		}
	case g.fewLeft():
		g.compact()
	case size-g.w >= (size+3)/4:
		// Enough room behind the bytes.
	case g.r > 0 && size-g.Len() >= (size+1)/2:
		g.compact()
	case size < g.limit:
		// Written so that doubling cannot exceed the limit.
		if !g.replace(size+min(size, g.limit-size)) && g.worthCompacting() {
			g.compact()
		}
	case g.worthCompacting():
		g.compact()
	}
	return g.offer()
}

// Commit makes n bytes of the space readable.
func (g *Grow) Commit(n int) {
	g.peak = max(g.peak, g.Len()+n)
	g.flat.Commit(n)
}

// Discard consumes n bytes, and halves the array when it has been too large for long.
func (g *Grow) Discard(n int) {
	g.drop(n)
	if g.Len() == 0 && n > 0 {
		g.ranEmpty()
	}
	g.level(g.Len())
}

func (g *Grow) ranEmpty() {
	if g.peak > len(g.buf)/4 {
		g.calm = 0
	} else {
		g.calm++
	}
	g.peak = 0
	if g.calm >= calmMax && len(g.buf) > g.initial {
		g.size = max(g.initial, len(g.buf)/2)
		g.calm = 0
		// The smaller array is made by the next Space: a connection that idles now needs none.
		g.replace(0)
	}
}

// Trim shrinks to the smallest array that holds the unread bytes.
func (g *Grow) Trim() {
	g.offered = 0
	if g.Len() == 0 {
		g.Release()
		return
	}
	size := g.initial
	for size < g.Len() {
		size += min(size, g.limit-size)
	}
	if size < len(g.buf) {
		g.replace(size)
	}
}

// Release forgets the unread bytes and begins anew with no array.
func (g *Grow) Release() {
	g.size, g.peak, g.calm = g.initial, 0, 0
	g.flat.Release()
}
