package bufstrategy

var _ Buffer = (*Grow)(nil)

// calmMax is the number of times that a Grow must run empty, with little used in between, before it
// halves its array.
const calmMax = 16

// Grow is one array that starts with Options.Initial bytes. It doubles, up to Limit, when less than
// a quarter of it is free. It copies to grow. It also compacts if that frees at least half of the
// array, or if few bytes are unread: at most an eighth of those discarded before them.
//
// Grow shrinks without a clock. It halves the array after it has run empty 16 times in a row
// without ever holding more than a quarter of it. The array never shrinks below Initial. Trim
// shrinks at once: an empty buffer to nothing, any other to the smallest array that holds its
// bytes.
//
// While Grow moves to another array it holds both: less than twice Limit.
type Grow struct {
	flat
	initial int
	size    int // size of the next array if there is none
	peak    int // most bytes unread since it last ran empty
	calm    int // times it ran empty with a low peak
}

// NewGrow returns a Grow. It uses Limit, Initial, High, Low, Watcher, Budget and Poison of the
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

// Space offers the room after the unread bytes. If little is free, it grows or compacts first.
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
		// There is enough room after the bytes.
	case g.r > 0 && size-g.Len() >= (size+1)/2:
		g.compact()
	case size < g.limit:
		// Doubling in this form cannot exceed the limit.
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

// Discard consumes n bytes. It halves the array if the array has been too large for long enough.
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
		// The next Space allocates the smaller array: a connection that idles now needs none.
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

// Release drops the unread bytes and the array, and starts over.
func (g *Grow) Release() {
	g.size, g.peak, g.calm = g.initial, 0, 0
	g.flat.Release()
}
