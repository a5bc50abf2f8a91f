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

// InterestOf returns the set of one direction.
func InterestOf(d sys.Direction) Interest {
	if d == sys.Reading {
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

// Ready is what an event reports. Readable and Writable are set for directions of the interest
// only; the rest is extra knowledge, which a mechanism may not have.
type Ready uint8

// The bits of Ready.
const (
	ReadyReadable Ready = Ready(Readable) // reading would not block: there are bytes, a connection, the end, or an error
	ReadyWritable Ready = Ready(Writable) // writing would not block: there is room, a connection was made, or an error
	ReadyPeerShut Ready = 1 << 2          // the peer will send no more; bytes may still be unread
	ReadyHangUp   Ready = 1 << 3          // both halves are over
	ReadyError    Ready = 1 << 4          // an error is pending
	ReadyUrgent   Ready = 1 << 5          // the unread bytes have an urgent mark, at which a read of TCP stops; see Features.Urgent
)

// Directions returns the directions that r reports.
func (r Ready) Directions() Interest { return Interest(r) & Both }

// Ends reports whether r tells of the end of the stream or of an error, after which a native edge
// may stay silent: a short read then proves nothing, and the caller reads on until the end.
func (r Ready) Ends() bool { return r&(ReadyPeerShut|ReadyHangUp|ReadyError) != 0 }
