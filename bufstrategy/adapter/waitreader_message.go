package adapter

import (
	"io"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// ReadMessage waits until f finds a complete message in the Buffer, reads it, and returns it as one
// slice without its framing.
//
// The error is io.EOF if Reader ends between two messages. It is io.ErrUnexpectedEOF if Reader ends
// inside a message, whose bytes then remain to be read. ErrTooLarge, ErrMalformed and ErrExhausted
// come from f and from Buffer, and consume nothing.
func (r *WaitReader) ReadMessage(f message.Finder) ([]byte, error) {
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
		case err != bufstrategy.ErrShort:
			return nil, err
		case r.err == io.EOF && r.Buffer.Len() > 0:
			r.err = nil
			return nil, io.ErrUnexpectedEOF
		case r.err != nil:
			return nil, r.takeErr()
		case r.Buffer.Len() == r.Buffer.Limit():
			return nil, bufstrategy.ErrTooLarge
		}
		r.fill()
	}
}
