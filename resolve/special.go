package resolve

import (
	"errors"
	"net/netip"
	"strings"
)

// SpecialOptions decides about the names that RFCs leave to the DNS, although they have no meaning
// outside a site. By default they are passed on. A denied name is [ErrNotFound].
type SpecialOptions struct {
	// DenyLocal denies names in local, which belong to multicast DNS (RFC 6762). By default they
	// are passed on, because many companies have such names in their DNS, and because the strategy
	// may leave them to the system.
	DenyLocal bool
	// DenyHomeArpa denies names in home.arpa, which the router of a home network answers (RFC
	// 8375).
	DenyHomeArpa bool
	// DenyTest denies names in test, which may be in use for tests (RFC 6761, section 6.2).
	DenyTest bool
}

// Special answers the names that must not reach a name server, and passes on the rest.
//
//   - localhost and names below it are 127.0.0.1 and ::1. Other types are [ErrNoData] (RFC 6761,
//     section 6.3).
//   - Names in invalid (RFC 6761, section 6.4), onion (RFC 7686) and alt (RFC 9476) are
//     [ErrNotFound].
//
// The names include the domains themselves. In front of a [HostsFile], Special has precedence over
// the file, which may lack one of the addresses of localhost.
type Special struct {
	options SpecialOptions
	next    Strategy
}

// NewSpecial returns a Special in front of next.
func NewSpecial(options SpecialOptions, next Strategy) *Special {
	return &Special{options: options, next: next}
}

// Try answers special names, or calls Try of the next strategy.
func (s *Special) Try(q Question) (Answer, error) {
	if a, err := s.answer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return s.next.Try(q)
}

// Start completes queries for special names, or starts the query with the next strategy.
func (s *Special) Start(q *Query) { startOr(q, s.next, s.answer) }

// Close closes the next strategy. The decorator still answers special names.
func (s *Special) Close() error { return s.next.Close() }

// The errors are shared by all names of a domain, because Try must not allocate.
var (
	errLocalhost = specialError("localhost", ErrNoData)
	errInvalid   = specialError("invalid", ErrNotFound)
	errOnion     = specialError("onion", ErrNotFound)
	errAlt       = specialError("alt", ErrNotFound)
	errLocal     = specialError("local", ErrNotFound)
	errHomeArpa  = specialError("home.arpa", ErrNotFound)
	errTest      = specialError("test", ErrNotFound)
)

func specialError(domain string, cause error) *Error {
	return &Error{Op: string(OriginSpecial), Name: "name in " + domain, Err: cause}
}

func (s *Special) answer(q Question) (Answer, error) {
	name := q.Name.text
	switch top := name[strings.LastIndexByte(name, '.')+1:]; {
	case top == "localhost":
		return localhostAnswer(q)
	case top == "invalid":
		return Answer{}, errInvalid
	case top == "onion":
		return Answer{}, errOnion
	case top == "alt":
		return Answer{}, errAlt
	case top == "local" && s.options.DenyLocal:
		return Answer{}, errLocal
	case top == "test" && s.options.DenyTest:
		return Answer{}, errTest
	case top == "arpa" && s.options.DenyHomeArpa && (name == "home.arpa" || strings.HasSuffix(name, ".home.arpa")):
		return Answer{}, errHomeArpa
	}
	return Answer{}, ErrWouldBlock
}

func localhostAnswer(q Question) (Answer, error) {
	a := Answer{Question: q, Origin: OriginSpecial}
	switch {
	case q.Class != ClassINET:
		return Answer{}, errLocalhost
	case q.Type == TypeA:
		a.one = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case q.Type == TypeAAAA:
		a.one = netip.IPv6Loopback()
	default:
		return Answer{}, errLocalhost
	}
	return a, nil
}
