package stub

// idTable maps the IDs that a link has used to the lookups that wait for the replies. An ID stays
// in it after its lookup has stopped to wait. It is a hash table with linear probing: the IDs are
// random, so their low bits are a hash. A map would cost several times as much per query. Its slots
// are small and hold no pointers, so that they stay in the cache and the garbage collector skips
// them.
type idTable struct {
	slots []idSlot // a power of two, at most half in use
	n     int
}

type idSlot struct {
	waits uint32 // the slot of the lookup that waits for the reply, plus one; zero if none does
	id    uint16
	used  bool
}

// idsFirst is the first size of a table.
const idsFirst = 64

// A core keeps a few tables of closed links for later ones, which need not grow theirs then.
const (
	tablesKept = 4
	tableKept  = 2 * DefaultLinkQueries // slots; larger tables are not kept
)

// find returns the slot of id, or the free one where it belongs.
func (t *idTable) find(id uint16) *idSlot {
	for i := int(id); ; i++ {
		s := &t.slots[i&(len(t.slots)-1)]
		if !s.used || s.id == id {
			return s
		}
	}
}

// used reports whether the ID was used.
func (t *idTable) used(id uint16) bool { return t.n > 0 && t.find(id).used }

// waitsFor returns the lookup that waits for id on l, and whether the ID was used.
func (c *Core) waitsFor(l *Link, id uint16) (e *exchange, used bool) {
	if l.ids.n == 0 {
		return nil, false
	}
	s := l.ids.find(id)
	return c.waits(*s), s.used
}

// waits returns the lookup that waits for the reply with the ID of s, or nil.
func (c *Core) waits(s idSlot) *exchange {
	if s.waits == 0 {
		return nil
	}
	return c.slots[s.waits-1]
}

// add adds an ID that is not in the table.
func (t *idTable) add(id uint16, e *exchange) {
	if 2*(t.n+1) > len(t.slots) {
		old := t.slots
		t.slots = make([]idSlot, max(2*len(old), idsFirst))
		for _, s := range old {
			if s.used {
				*t.find(s.id) = s
			}
		}
	}
	*t.find(id) = idSlot{e.slot + 1, id, true}
	t.n++
}

// release ends the wait for id. It reports whether there was one.
func (t *idTable) release(id uint16) bool {
	if t.n == 0 {
		return false
	}
	s := t.find(id)
	waited := s.waits != 0
	s.waits = 0
	return waited
}
