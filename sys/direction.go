package sys

// Direction is one of the two directions of I/O on a handle.
type Direction uint8

// The directions. A connect counts as Writable and an accept as Readable, as the kernel reports
// them.
const (
	Readable Direction = iota
	Writable
)

// String returns "readable" or "writable".
func (d Direction) String() string {
	if d == Readable {
		return "readable"
	}
	return "writable"
}
