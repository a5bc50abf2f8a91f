package resolve

import (
	"errors"
	"net/netip"
)

// Literal answers questions whose name is an IP address, and passes on the rest. It never passes on
// a question about a literal: one for the other family is [ErrNoData]. Zones are kept. IPv4-in-IPv6
// literals are IPv4 addresses and answer A questions, as in [ParseName].
type Literal struct{ next Strategy }

// NewLiteral returns a Literal in front of next.
func NewLiteral(next Strategy) *Literal { return &Literal{next} }

var (
	errLiteralV4 = &Error{Op: string(OriginLiteral), Name: "IPv4 literal", Err: ErrNoData}
	errLiteralV6 = &Error{Op: string(OriginLiteral), Name: "IPv6 literal", Err: ErrNoData}
)

// Try answers literals, or calls Try of the next strategy.
func (l *Literal) Try(q Question) (Answer, error) {
	if a, err := literalAnswer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return l.next.Try(q)
}

// Start completes queries for literals, or starts the query with the next strategy.
func (l *Literal) Start(q *Query) { startOr(q, l.next, literalAnswer) }

// Close closes the next strategy. The decorator still answers literals.
func (l *Literal) Close() error { return l.next.Close() }

func literalAnswer(q Question) (Answer, error) {
	addr, ok := q.Name.Addr()
	if !ok {
		return Answer{}, ErrWouldBlock
	}
	return literalOf(q, addr)
}

func literalOf(q Question, addr netip.Addr) (Answer, error) {
	switch {
	case addr.Is4() && q.Type != TypeA:
		return Answer{}, errLiteralV4
	case addr.Is6() && q.Type != TypeAAAA:
		return Answer{}, errLiteralV6
	}
	return Answer{Question: q, Origin: OriginLiteral, one: addr}, nil
}
