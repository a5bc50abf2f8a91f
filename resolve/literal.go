package resolve

import (
	"errors"
	"net/netip"
)

// Literal answers questions whose name is an IP address, and passes on the rest. Such a question
// never reaches the next strategy: of the other family it is [ErrNoData]. Zones are kept.
// IPv4-in-IPv6 literals are IPv4 addresses and answer A questions, as [ParseName] says.
type Literal struct{ next Strategy }

// NewLiteral returns the decorator.
func NewLiteral(next Strategy) *Literal { return &Literal{next} }

var (
	errLiteralV4 = &Error{Op: string(OriginLiteral), Name: "IPv4 literal", Err: ErrNoData}
	errLiteralV6 = &Error{Op: string(OriginLiteral), Name: "IPv6 literal", Err: ErrNoData}
)

// Try answers literals, or asks the next strategy to try.
func (l *Literal) Try(q Question) (Answer, error) {
	if a, err := literalAnswer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return l.next.Try(q)
}

// Start completes literals, or starts the query with the next strategy.
func (l *Literal) Start(q *Query) { startOr(q, l.next, literalAnswer) }

// Close closes the next strategy. Literals are still answered.
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
