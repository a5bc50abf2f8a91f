package sys

// Kevent is struct kevent (kqueue(2)), whose udata is an integer here: what a kernel gives back is
// nothing for the collector to follow.
type Kevent struct {
	Ident  uintptr
	Filter KeventFilter
	Flags  KeventFlags
	Fflags uint32
	_      [4]byte
	Data   int64
	Udata  uintptr
	_      [4]byte
	_      [4]uint64 // ext: FreeBSD 12
}

// KeventFilter and KeventFlags are the types of those fields.
type (
	KeventFilter = int16
	KeventFlags  = uint16
)
