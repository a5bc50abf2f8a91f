package sched

import (
	"sync"

	"github.com/edgewise-go/edgewise/queue"
)

// slots maps the tokens of all sources, except those of handlers, to their sinks. A token is a
// slot's index and the slot's generation, which changes when the slot is freed. An event that was
// taken from the queue before its registration ended finds no sink.
type slots struct {
	mu    sync.Mutex // any thread registers and ends sources; also held over each change of a registration
	sinks []sink
	gens  []uint32
	free  []uint32
}

func (s *slots) put(k sink) queue.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putLocked(k)
}

func (s *slots) putLocked(k sink) queue.Token {
	var i uint32
	if n := len(s.free); n > 0 {
		i = s.free[n-1]
		s.free = s.free[:n-1]
		s.sinks[i] = k
	} else {
		i = uint32(len(s.sinks))
		s.sinks = append(s.sinks, k)
		s.gens = append(s.gens, 0)
	}
	return queue.Token(s.gens[i])<<tokenIndexBits | queue.Token(i)
}

func (s *slots) drop(t queue.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(t)
}

func (s *slots) dropLocked(t queue.Token) {
	i := uint32(t)
	s.sinks[i] = nil
	s.gens[i]++
	s.free = append(s.free, i)
}

// lookup returns the sink for t, or nil if t is stale or from foreign code. It is called with the
// lock held.
func (s *slots) lookup(t queue.Token) sink {
	if i := uint32(t); int(i) < len(s.gens) && s.gens[i] == uint32(t>>tokenIndexBits) {
		return s.sinks[i]
	}
	return nil
}

// all returns the current sinks.
func (s *slots) all() []sink {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []sink
	for _, k := range s.sinks {
		if k != nil {
			all = append(all, k)
		}
	}
	return all
}
