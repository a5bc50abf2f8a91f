package bufstrategy

var _ Buffer = (*Fixed)(nil)

// Fixed is one array of Limit bytes, allocated when it is first needed. It never grows: at the
// bound it applies backpressure.
//
// Fixed copies to compact in three cases. There is no room after the unread bytes. Or there is
// little room, and the move frees at least as many bytes as it copies. Or the unread bytes are at
// most an eighth of those discarded before them.
//
// A consumer that discards a few bytes per call from a buffer that is always full makes every
// Discard cost a move of the rest. Ring has no such case.
//
// Trim gives the array back if the buffer is empty, and does nothing otherwise.
type Fixed struct{ flat }

// NewFixed returns a Fixed. It uses Limit, High, Low, Watcher, Budget and Poison of the options.
func NewFixed(o Options) (*Fixed, error) {
	o, err := o.checked("fixed")
	if err != nil {
		return nil, err
	}
	f := &Fixed{flat{account: newAccount(o)}}
	f.watch(f, o.Watcher)
	return f, nil
}

// Space offers the room after the unread bytes, and compacts first if that pays.
func (f *Fixed) Space() [][]byte {
	switch {
	case f.buf == nil:
		f.replace(f.limit)
	case f.worthCompacting():
		f.compact()
	}
	return f.offer()
}

// Trim gives the array back if the buffer is empty.
func (f *Fixed) Trim() {
	f.offered = 0
	if f.Len() == 0 {
		f.Release()
	}
}
