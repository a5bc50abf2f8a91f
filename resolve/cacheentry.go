package resolve

import (
	"strings"
	"time"
	"unsafe"
)

// cacheKind is the kind of result in an entry.
type cacheKind uint8

const (
	cachePositive cacheKind = iota
	cacheNegative
	cacheFailure
)

// typeAny marks the entry of a name that does not exist with any type. No question has this type
// (RFC 6895, section 3.1).
const typeAny Type = 0

// nameInline is the length of a name that needs no allocation of its own.
const nameInline = 40

// cacheTime is a time since the epoch of a cache.
type cacheTime = time.Duration

// cacheEntry is one result. Guarded by Cache.mu.
//
// The name is copied, so that the entry does not keep memory of the caller alive, and it never
// leaves the cache: a hit returns the question that was asked.
type cacheEntry struct {
	name    string // in inline, or allocated if it is longer
	typ     Type
	class   Class
	kind    cacheKind
	main    bool  // in the main queue
	marks   uint8 // hits since the queue passed it; saturates at marksMax
	fetched bool  // a prefetch was started; there is no second one

	hits uint32
	size int

	stored   cacheTime
	expires  cacheTime
	prefetch cacheTime // when a prefetch is due
	recheck  cacheTime // a stale answer is served without asking until then

	answer Answer // without its question
	err    error

	refresh    *refresh    // the background query in flight, if there is one
	sibling    *cacheEntry // the next entry of the same name
	prev, next *cacheEntry // in its queue
	inline     [nameInline]byte
}

// cacheSlotBytes is the memory of an entry in the map: 25 bytes in a table that is at least 7/16
// full.
const cacheSlotBytes = 58

// objectBytes returns an estimate, from above, of the memory of an object of n bytes. The allocator
// rounds it up to one of its size classes, and a large one to pages.
func objectBytes(n int) int {
	const large, page = 32 << 10, 8 << 10
	if n > large {
		return (n + page - 1) / page * page
	}
	return n + n/8 + min(n, 8)
}

// reset makes e the entry of a question, without a result.
func (e *cacheEntry) reset(q Question) {
	*e = cacheEntry{typ: q.Type, class: q.Class}
	if n := copy(e.inline[:], q.Name.text); n == len(q.Name.text) {
		e.name = unsafe.String(&e.inline[0], n)
	} else {
		e.name = strings.Clone(q.Name.text)
	}
}

// measure sets the size of e to an estimate of the memory that it keeps alive, without its slot.
func (e *cacheEntry) measure() {
	e.size = objectBytes(int(unsafe.Sizeof(*e)))
	if len(e.name) > nameInline {
		e.size += objectBytes(len(e.name))
	}
	if e.err != nil {
		e.size += errorBytes(e.err)
		return
	}
	// The answer without the rounding, and the rounding of each of its objects.
	e.size += e.answer.memory()
	rounding := func(n int) { e.size += objectBytes(n) - n }
	rounding(len(e.answer.Canonical.text))
	rounding(cap(e.answer.addrs) * int(unsafe.Sizeof(e.answer.one)))
	rounding(cap(e.answer.records) * int(unsafe.Sizeof(Record{})))
	for _, r := range e.answer.records {
		rounding(len(r.Data))
	}
}

// errorBytes is like objectBytes. Of an error that is no [*Error], it knows only the text.
func errorBytes(err error) int {
	if _, ok := err.(*sentinel); ok {
		return 0
	}
	e := describe(err)
	if e == nil {
		return objectBytes(len(err.Error())) + objectBytes(int(unsafe.Sizeof(Error{})))
	}
	n := objectBytes(int(unsafe.Sizeof(*e))) + objectBytes(len(e.Question.Name.text)) + objectBytes(len(e.Name)) + objectBytes(len(e.Server))
	if _, ok := e.Err.(*sentinel); !ok {
		n += 2 * objectBytes(len(e.Err.Error())) // the text, and the errors that it is made of
	}
	return n
}

// detach returns err without memory of the caller.
func detach(err error, name string) error {
	e, ok := err.(*Error)
	if !ok || e.Question.Name.text != name {
		return err
	}
	c := *e
	c.Question.Name.text = strings.Clone(name)
	return &c
}

func (e *cacheEntry) is(t Type, c Class) bool { return e.typ == t && e.class == c }

// answersType reports whether an entry of [typeAny] answers a question of type t. A name that does
// not exist can be the target of an alias that was asked for, and the records that an alias may
// have besides its CNAME exist (RFC 2181, section 10.1, and RFC 4035, section 2.5).
func answersType(t Type) bool {
	const typeSIG, typeKEY, typeRRSIG, typeNSEC = 24, 25, 46, 47
	// The types of queries that are not types of data (RFC 6895, section 3.1).
	const queryTypesMin, queryTypesMax = 128, 255
	switch t {
	case TypeCNAME, typeSIG, typeKEY, typeRRSIG, typeNSEC:
		return false
	}
	return t < queryTypesMin || t > queryTypesMax
}
