package sys

// Direction is one of the two ways that bytes go through a handle.
type Direction uint8

// The directions. Connecting counts as Writing and accepting as Reading, as the kernel reports
// them.
const (
	Reading Direction = iota
	Writing
)

// String returns "reading" or "writing".
func (d Direction) String() string {
	if d == Reading {
		return "reading"
	}
	return "writing"
}
