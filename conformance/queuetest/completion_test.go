package queuetest

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
)

// completionTarget is a target that performs operations over another queue.
func completionTarget(below Target) Target {
	open := below.Open
	below.Name += "+completion"
	below.Features.NativeEdge, below.Features.Nested, below.Features.Completions = false, false, false
	below.Open = func() (queue.Queue, error) {
		q, err := open()
		if err != nil {
			return nil, err
		}
		return completion.New(q, completion.Options{})
	}
	return below
}
