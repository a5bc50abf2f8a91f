package resolve

// The parts of a share.
const (
	marksMax   = 3
	recentPart = 10 // a tenth of the bound is for recent entries
	scannedMax = 64 // entries that one eviction looks at; the next one is evicted whatever its marks
)

// cacheShare holds the entries of one bound in the two queues of S3-FIFO (Yang et al., SOSP 2023).
// Both are in the order of arrival; a hit only marks its entry. Entries begin in the recent queue.
// At its end, an entry with a mark moves to the main queue, and one without is evicted. A scan of
// names that are asked for once therefore passes through a tenth of the bound and evicts no entry
// that has hits.
//
// S3-FIFO also remembers the keys of evicted entries. This cache does not: that costs memory per
// made-up name, and a name that is asked for again soon after costs one query.
type cacheShare struct {
	max    int // bytes
	peak   int // the most entries that there were: a map does not shrink
	recent cacheQueue
	main   cacheQueue
}

func (s *cacheShare) n() int { return s.recent.n + s.main.n }

// bytes includes the slots of the map that are empty now.
func (s *cacheShare) bytes() int {
	return s.recent.bytes + s.main.bytes + cacheSlotBytes*s.peak
}

// fits reports whether there is room for another entry.
func (s *cacheShare) fits(size int) bool {
	n := s.bytes() + size
	if s.n() == s.peak {
		n += cacheSlotBytes
	}
	return n <= s.max
}

func (s *cacheShare) queue(e *cacheEntry) *cacheQueue {
	if e.main {
		return &s.main
	}
	return &s.recent
}

func (s *cacheShare) add(e *cacheEntry) {
	s.queue(e).pushFront(e)
	s.peak = max(s.peak, s.n())
}

func (s *cacheShare) remove(e *cacheEntry) { s.queue(e).remove(e) }

// victim returns the entry to evict, of at least one. It looks at a bounded number of entries.
// Entries for which gone returns true are evicted despite their marks.
func (s *cacheShare) victim(gone func(*cacheEntry) bool) *cacheEntry {
	for range scannedMax {
		e := s.oldest()
		if e.marks == 0 || gone(e) {
			return e
		}
		s.remove(e)
		if e.main {
			e.marks--
		} else {
			e.main, e.marks = true, 0
		}
		s.main.pushFront(e)
	}
	return s.oldest()
}

// oldest returns the end of the queue that has to shrink.
func (s *cacheShare) oldest() *cacheEntry {
	if s.main.n == 0 || s.recent.n > 0 && s.recent.bytes > s.max/recentPart {
		return s.recent.tail
	}
	return s.main.tail
}

// cacheQueue is a list of entries, with the newest at the head. Guarded by Cache.mu.
type cacheQueue struct {
	head, tail *cacheEntry
	n, bytes   int
}

func (l *cacheQueue) pushFront(e *cacheEntry) {
	e.prev, e.next = nil, l.head
	if l.head == nil {
		l.tail = e
	} else {
		l.head.prev = e
	}
	l.head = e
	l.n++
	l.bytes += e.size
}

func (l *cacheQueue) remove(e *cacheEntry) {
	if e.prev == nil {
		l.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	l.n--
	l.bytes -= e.size
}
