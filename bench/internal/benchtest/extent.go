package benchtest

import "os"

// Extent returns how much a test does: plain, or full if EDGEWISE_FULL is set, as go tool mage test
// -full does.
func Extent(plain, full int) int {
	if os.Getenv("EDGEWISE_FULL") != "" {
		return full
	}
	return plain
}
