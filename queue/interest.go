package queue

import "github.com/edgewise-go/edgewise/sys"

// Interest is a set of directions.
type Interest uint8

// The interests.
const (
	None     Interest = 0
	Readable Interest = 1 << 0
	Writable Interest = 1 << 1
	Both     Interest = Readable | Writable
)

// InterestOf returns the set that holds only d.
func InterestOf(d sys.Direction) Interest {
	if d == sys.Readable {
		return Readable
	}
	return Writable
}

// Has reports whether i holds every direction of j.
func (i Interest) Has(j Interest) bool { return i&j == j }

// String returns "none", "readable", "writable" or "both".
func (i Interest) String() string {
	switch i {
	case None:
		return "none"
	case Readable:
		return "readable"
	case Writable:
		return "writable"
	case Both:
		return "both"
	}
	return "invalid interest"
}

// Ready is the readiness that an event reports. Its two lowest bits are the ready directions, laid
// out as in an Interest; only directions of the interest are set. The other bits add detail that a
// mechanism may lack.
//
// Readable means that there are bytes to read, a connection to accept, or an end or an error to
// return. Writable means that there is room, that the connection is established, or that there is
// an error to return.
type Ready uint8

// The bits of Ready besides the directions.
const (
	ReadyPeerShut Ready = 1 << 2 // the peer sends no more; bytes may still be unread
	ReadyHangUp   Ready = 1 << 3 // both halves have ended
	ReadyError    Ready = 1 << 4 // an error is pending
	ReadyUrgent   Ready = 1 << 5 // the unread bytes have an urgent mark, at which a TCP read stops; see Features.Urgent
)

// Directions returns the directions that r reports.
func (r Ready) Directions() Interest { return Interest(r) & Both }

// Ends reports whether r includes the end of the stream or an error. After either, a native edge
// may stay silent. A short read then proves nothing, and the caller reads on until the end.
func (r Ready) Ends() bool { return r&(ReadyPeerShut|ReadyHangUp|ReadyError) != 0 }
