package resolve

import (
	"errors"
	"fmt"
	"net/netip"
)

// MaxStaticNames bounds the number of names in a [Static].
const MaxStaticNames = 65536

// Static answers A and AAAA questions from a fixed table, and passes on the rest. It owns the names
// in the table: a family that a name lacks is [ErrNoData]. IPv4-in-IPv6 addresses count as IPv4.
type Static struct {
	next  Strategy
	table table
}

// NewStatic returns a Static in front of next, with a copy of names. It parses the names with
// [ParseName]. It returns an error for two spellings of one name, for more than [MaxStaticNames]
// names, for literals, and for invalid addresses.
func NewStatic(names map[string][]netip.Addr, next Strategy) (*Static, error) {
	s := &Static{next: next, table: table{origin: OriginStatic, names: make(map[Name]*tableEntry, len(names))}}
	if len(names) > MaxStaticNames {
		return nil, fmt.Errorf("resolve: static: %d names: want at most %d", len(names), MaxStaticNames)
	}
	for text, addrs := range names {
		name, err := ParseName(text)
		if err != nil {
			return nil, fmt.Errorf("resolve: static: %w", err)
		}
		if _, literal := name.Addr(); literal || s.table.names[name] != nil {
			return nil, fmt.Errorf("resolve: static: %q: an IP literal or a duplicate name", text)
		}
		s.table.names[name] = &tableEntry{}
		for _, addr := range addrs {
			if !addr.IsValid() {
				return nil, fmt.Errorf("resolve: static: %q: the zero address: want a valid one", text)
			}
			s.table.add(name, addr)
		}
	}
	s.table.seal()
	return s, nil
}

// Try answers from the table, or calls Try of the next strategy.
func (s *Static) Try(q Question) (Answer, error) {
	if a, err := s.table.answer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return s.next.Try(q)
}

// Start completes the query from the table, or starts it with the next strategy.
func (s *Static) Start(q *Query) {
	startOr(q, s.next, s.table.answer)
}

// Close closes the next strategy. The table still answers.
func (s *Static) Close() error { return s.next.Close() }

// startOr completes q with the result of answer, or starts it with next if answer would block.
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
