package sys

// Direction is one of the two ways that bytes go through a handle.
type Direction uint8

// The directions. Connecting counts as Writable and accepting as Readable, as the kernel reports
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
