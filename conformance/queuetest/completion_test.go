package queuetest

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
)

// completionTarget is a target that performs operations over another queue.
func completionTarget(below Target) Target {
	open := below.Open
	over := func(bound int) (queue.Queue, error) {
		q, err := open()
		if err != nil {
			return nil, err
		}
		return completion.New(q, completion.Options{MaxOperations: bound})
	}
	below.Name += "+completion"
	below.Features.NativeEdge, below.Features.Nested = false, false
	below.Open = func() (queue.Queue, error) { return over(0) }
	below.OpenBounded = over
	return below
}
