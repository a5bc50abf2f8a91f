package sched

import (
	"sync"

	"github.com/edgewise-go/edgewise/queue"
)

// slots maps tokens to sources. A token is a slot's index with the slot's generation, which changes when the slot is freed: an
// event that was taken from the queue before its registration ended finds nobody.
type slots struct {
	mu      sync.Mutex // any thread registers and ends sources; held over each change of a registration as well
	sources []*source
	gens    []uint32
	free    []uint32
}

func (s *slots) put(src *source) queue.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	var i uint32
	if n := len(s.free); n > 0 {
		i = s.free[n-1]
		s.free = s.free[:n-1]
		s.sources[i] = src
	} else {
		i = uint32(len(s.sources))
		s.sources = append(s.sources, src)
		s.gens = append(s.gens, 0)
	}
	return queue.Token(s.gens[i])<<32 | queue.Token(i)
}

func (s *slots) drop(t queue.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(t)
}

func (s *slots) dropLocked(t queue.Token) {
	i := uint32(t)
	s.sources[i] = nil
	s.gens[i]++
	s.free = append(s.free, i)
}

// resolve appends to batch the source of each event, nil for a stale one and for that of a handle which others registered.
func (s *slots) resolve(batch []*source, events []queue.Event) []*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range events {
		t := events[i].Token
		var src *source
		if index := uint32(t); int(index) < len(s.gens) && s.gens[index] == uint32(t>>32) {
			src = s.sources[index]
		}
		batch = append(batch, src)
	}
	return batch
}

// all returns the sources at this moment.
func (s *slots) all() []*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*source
	for _, src := range s.sources {
		if src != nil {
			all = append(all, src)
		}
	}
	return all
}
