package resolve

import "strconv"

// RCode is a response code (RFC 1035, section 4.1.1, and RFC 6891, section 6.1.3).
type RCode uint16

// The response codes that stub resolvers meet.
const (
	RCodeSuccess        RCode = 0
	RCodeFormatError    RCode = 1
	RCodeServerFailure  RCode = 2
	RCodeNameError      RCode = 3
	RCodeNotImplemented RCode = 4
	RCodeRefused        RCode = 5
	RCodeBadVersion     RCode = 16 // RFC 6891
	RCodeBadCookie      RCode = 23 // RFC 7873
)

// String returns the name in the IANA registry, or the number.
func (r RCode) String() string {
	switch r {
	case RCodeSuccess:
		return "NOERROR"
	case RCodeFormatError:
		return "FORMERR"
	case RCodeServerFailure:
		return "SERVFAIL"
	case RCodeNameError:
		return "NXDOMAIN"
	case RCodeNotImplemented:
		return "NOTIMP"
	case RCodeRefused:
		return "REFUSED"
	case RCodeBadVersion:
		return "BADVERS"
	case RCodeBadCookie:
		return "BADCOOKIE"
	}
	return "RCODE" + strconv.Itoa(int(r))
}
