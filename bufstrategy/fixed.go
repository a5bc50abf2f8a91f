package bufstrategy

var _ Buffer = (*Fixed)(nil)

// Fixed is one array of Limit bytes, made when it is first needed. It never grows: at the bound it
// pushes back.
//
// It copies to compact: when there is no room behind the unread bytes, or little room and the move
// gains at least as much as it copies, or when they are at most an eighth of what was discarded
// before them. A consumer that discards a few bytes at a time of a buffer that is always full makes
// every such Discard cost a move of all the rest; Ring has no such case.
//
// Trim gives the array back when the buffer is empty and does nothing otherwise.
type Fixed struct{ flat }

// NewFixed makes a Fixed. It uses Limit, High, Low, Watcher, Budget and Poison of the options.
func NewFixed(o Options) (*Fixed, error) {
	o, err := o.checked("fixed")
	if err != nil {
		return nil, err
	}
	f := &Fixed{flat{account: newAccount(o)}}
	f.watch(f, o.Watcher)
	return f, nil
}

// Space offers the room behind the unread bytes, after a move to the front where that pays.
func (f *Fixed) Space() [][]byte {
	switch {
	case f.buf == nil:
		f.replace(f.limit)
	case f.worthCompacting():
		f.compact()
	}
	return f.offer()
}

// Trim gives the array back when the buffer is empty.
func (f *Fixed) Trim() {
	f.offered = 0
	if f.Len() == 0 {
		f.Release()
	}
}
