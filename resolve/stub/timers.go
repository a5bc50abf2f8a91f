package stub

import "time"

// timerHeap orders the lookups in flight by the time when they are due. It is a heap of four
// children per node, which is shallow. A node holds a copy of the time, so that comparisons do not
// read the lookups. The lookups know their positions.
type timerHeap struct{ nodes []timerNode }

type timerNode struct {
	due time.Duration
	e   *exchange
}

func (h *timerHeap) first() *exchange {
	if len(h.nodes) == 0 {
		return nil
	}
	return h.nodes[0].e
}

// set puts e in the heap, or moves it after a change of its time.
func (h *timerHeap) set(e *exchange) {
	if e.heap < 0 {
		e.heap = len(h.nodes)
		h.nodes = append(h.nodes, timerNode{})
	}
	h.move(e.heap, timerNode{e.due, e})
}

func (h *timerHeap) remove(e *exchange) {
	i := e.heap
	if i < 0 {
		return
	}
	last := len(h.nodes) - 1
	moved := h.nodes[last]
	h.nodes[last] = timerNode{}
	h.nodes = h.nodes[:last]
	e.heap = -1
	if i < last {
		h.move(i, moved)
	}
}

// move puts n at i or where else it belongs. What is at i gives way.
func (h *timerHeap) move(i int, n timerNode) {
	to := h.up(i, n)
	if to == i {
		to = h.down(i, n)
	}
	h.put(to, n)
}

// up makes room for n at i or above.
func (h *timerHeap) up(i int, n timerNode) int {
	for i > 0 {
		parent := (i - 1) / 4
		if h.nodes[parent].due <= n.due {
			break
		}
		h.put(i, h.nodes[parent])
		i = parent
	}
	return i
}

// down makes room for n at i or below.
func (h *timerHeap) down(i int, n timerNode) int {
	for {
		least, due := i, n.due
		for child := 4*i + 1; child < min(4*i+5, len(h.nodes)); child++ {
			if h.nodes[child].due < due {
				least, due = child, h.nodes[child].due
			}
		}
		if least == i {
			return i
		}
		h.put(i, h.nodes[least])
		i = least
	}
}

func (h *timerHeap) put(i int, n timerNode) {
	h.nodes[i] = n
	n.e.heap = i
}
