package iocp

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// attachment is what the queue knows of a handle that it has attached to its port. The entry stays
// when the handle is closed, and serves the next handle with the number.
type attachment struct {
	underWay int32
	known    bool
	provider sys.Provider
}

// attach attaches h to the port, unless it is. A handle with an operation under way is still the
// same one. Otherwise only the system knows that: it attaches a handle once.
func (q *instance) attach(h sys.Handle) error {
	a, ok := q.operations.handles[h]
	if a.underWay == 0 {
		err := sys.PortAttach(q.port, h, keyOperation)
		switch {
		case err == nil:
			a = attachment{}
		case !ok || err != errAttached:
			return err
		}
	}
	a.underWay++
	q.operations.handles[h] = a
	return nil
}

// errAttached is ERROR_INVALID_PARAMETER, with which the system refuses to attach a handle again.
const errAttached = syscall.Errno(87)

// detach undoes the count of attach. A handle stays attached until it is closed.
func (q *instance) detach(h sys.Handle) {
	a := q.operations.handles[h]
	a.underWay--
	q.operations.handles[h] = a
}

// provider returns the family and the type of an attached handle.
func (q *instance) provider(h sys.Handle) (sys.Provider, error) {
	a := q.operations.handles[h]
	if !a.known {
		p, err := sys.ProviderOf(h)
		if err != nil {
			return p, err
		}
		a.known, a.provider = true, p
		q.operations.handles[h] = a
	}
	return a.provider, nil
}
