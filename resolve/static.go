package resolve

import (
	"errors"
	"fmt"
	"net/netip"
)

// MaxStaticNames bounds the names of a [Static].
const MaxStaticNames = 65536

// Static answers A and AAAA questions from a table that is given once, and passes on the rest. A
// name in the table is the table's alone: the family that it lacks is [ErrNoData]. IPv4-in-IPv6
// addresses count as IPv4.
type Static struct {
	next  Strategy
	table table
}

// NewStatic copies the map. Names are those of [ParseName]; two spellings of one name are an error,
// and so are more than [MaxStaticNames] names, literals, and addresses that are not valid.
func NewStatic(names map[string][]netip.Addr, next Strategy) (*Static, error) {
	s := &Static{next: next, table: table{origin: OriginStatic, names: make(map[Name]*tableEntry, len(names))}}
	if len(names) > MaxStaticNames {
		return nil, fmt.Errorf("resolve: static: %d names, more than %d", len(names), MaxStaticNames)
	}
	for text, addrs := range names {
		name, err := ParseName(text)
		if err != nil {
			return nil, fmt.Errorf("resolve: static: %w", err)
		}
		if _, literal := name.Addr(); literal || s.table.names[name] != nil {
			return nil, fmt.Errorf("resolve: static: %q is a literal or stands twice", text)
		}
		s.table.names[name] = &tableEntry{}
		for _, addr := range addrs {
			if !addr.IsValid() {
				return nil, fmt.Errorf("resolve: static: %q: invalid address", text)
			}
			s.table.add(name, addr)
		}
	}
	s.table.seal()
	return s, nil
}

// Try answers from the table, or asks the next strategy to try.
func (s *Static) Try(q Question) (Answer, error) {
	if a, err := s.table.answer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return s.next.Try(q)
}

// Start completes from the table, or starts the query with the next strategy.
func (s *Static) Start(q *Query) {
	startOr(q, s.next, s.table.answer)
}

// Close closes the next strategy. The table still answers.
func (s *Static) Close() error { return s.next.Close() }

// startOr completes q with what answer knows, or passes it on.
func startOr(q *Query, next Strategy, answer func(Question) (Answer, error)) {
	a, err := answer(q.Question)
	if errors.Is(err, ErrWouldBlock) {
		next.Start(q)
		return
	}
	if q.Accept(nil) {
		q.Finish(a, err)
	}
}
