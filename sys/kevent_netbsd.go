//go:build !arm

package sys

// Kevent is struct kevent (kqueue(2)), whose udata is an integer here: what a kernel gives back is
// nothing for the collector to follow.
type Kevent struct {
	Ident  uintptr
	Filter KeventFilter
	Flags  KeventFlags
	Fflags uint32
	Data   int64
	Udata  uintptr
}

// KeventFilter and KeventFlags are the types of those fields.
type (
	KeventFilter = uint32
	KeventFlags  = uint32
)
