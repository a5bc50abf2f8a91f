package bufstrategy

import "io"

// ReadMessage waits until f finds a message whole in the Buffer, reads it and returns it, in one
// slice and without what frames it.
//
// The error is io.EOF when Reader ends between two messages, and io.ErrUnexpectedEOF when it ends
// inside one; what there is of it is still to be read. ErrTooLarge, ErrMalformed and ErrExhausted
// are those of f and of Buffer, and consume nothing.
func (r *WaitReader) ReadMessage(f Finder) ([]byte, error) {
	r.Settle()
	for {
		m, err := f.Find(r.Buffer)
		if err == nil {
			p, err := m.View(r.Buffer)
			if err == nil {
				r.taken = m.Size
			}
			return p, err
		}
		switch {
		case err != ErrShort:
			return nil, err
		case r.err == io.EOF && r.Buffer.Len() > 0:
			r.err = nil
			return nil, io.ErrUnexpectedEOF
		case r.err != nil:
			return nil, r.takeErr()
		case r.Buffer.Len() == r.Buffer.Limit():
			return nil, ErrTooLarge
		}
		r.fill()
	}
}
