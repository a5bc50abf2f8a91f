package sys

// Kevent is struct kevent (kqueue(2)). Its udata is an integer here, because the garbage collector
// must not follow values that a kernel returns.
type Kevent struct {
	Ident  uintptr
	Filter KeventFilter
	Flags  KeventFlags
	Fflags uint32
	Data   int64
	Udata  uintptr
	_      [4]byte
}

// KeventFilter and KeventFlags are the types of the fields Filter and Flags.
type (
	KeventFilter = uint32
	KeventFlags  = uint32
)
