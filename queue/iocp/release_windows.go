package iocp

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/edgewise-go/edgewise/sys"
)

// cancelAll requests the end of every operation that the kernel has.
func (o *operations) cancelAll() error {
	var errs []error
	for i := range o.table.Slots() {
		if id, op := o.table.At(i); op != nil && op.Extra.underWay {
			errs = append(errs, o.of(id).Cancel(op.Extra.op.Handle))
		}
	}
	return errors.Join(errs...)
}

// releaseOperations ends all operations: it closes the sockets of accepted connections and returns
// lent buffers, which no Wait can return now. It frees the memory unless the kernel may still write
// to it.
func (q *instance) releaseOperations() error {
	o := &q.operations
	for i := range o.table.Slots() {
		_, op := o.table.At(i)
		if op == nil || op.Extra.underWay {
			continue
		}
		x := &op.Extra
		if x.accepted != sys.Invalid {
			closeSocket(&x.accepted)
		}
		if x.provided {
			x.pool.Return(x.buffer)
		}
		if x.pool != nil {
			x.pool.Leave()
		}
	}
	if n := o.underWay; n > 0 {
		kept := *o
		keep(&kept)
		*o = newOperations(0)
		return fmt.Errorf("memory of %d unfinished operations not released", n)
	}
	var errs []error
	for _, slab := range o.slabs {
		errs = append(errs, sys.OverlappedRelease(slab))
	}
	*o = newOperations(0)
	return errors.Join(errs...)
}

// keep makes the memory of unfinished operations stay reachable as long as the process runs: its
// finalizer sets itself again.
func keep(o *operations) { runtime.SetFinalizer(o, keep) }
