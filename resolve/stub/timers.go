package stub

// timerHeap orders the lookups in flight by the time when they are due. It is a heap of four
// children per node, which is shallow, and holds pointers whose positions the lookups know.
type timerHeap struct{ nodes []*exchange }

func (h *timerHeap) first() *exchange {
	if len(h.nodes) == 0 {
		return nil
	}
	return h.nodes[0]
}

// set puts e in the heap, or moves it after a change of its time.
func (h *timerHeap) set(e *exchange) {
	if e.heap < 0 {
		e.heap = len(h.nodes)
		h.nodes = append(h.nodes, e)
	}
	h.up(e.heap)
	h.down(e.heap)
}

func (h *timerHeap) remove(e *exchange) {
	i := e.heap
	if i < 0 {
		return
	}
	last := len(h.nodes) - 1
	moved := h.nodes[last]
	h.nodes[last] = nil
	h.nodes = h.nodes[:last]
	e.heap = -1
	if i < last {
		h.put(i, moved)
		h.up(i)
		h.down(moved.heap)
	}
}

func (h *timerHeap) put(i int, e *exchange) {
	h.nodes[i] = e
	e.heap = i
}

func (h *timerHeap) up(i int) {
	e := h.nodes[i]
	for i > 0 {
		parent := (i - 1) / 4
		if h.nodes[parent].due <= e.due {
			break
		}
		h.put(i, h.nodes[parent])
		i = parent
	}
	h.put(i, e)
}

func (h *timerHeap) down(i int) {
	e := h.nodes[i]
	for {
		least, due := i, e.due
		for child := 4*i + 1; child < min(4*i+5, len(h.nodes)); child++ {
			if h.nodes[child].due < due {
				least, due = child, h.nodes[child].due
			}
		}
		if least == i {
			break
		}
		h.put(i, h.nodes[least])
		i = least
	}
	h.put(i, e)
}
