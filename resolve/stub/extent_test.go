package stub

import "os"

// extent returns how much a test does: plain, or full if EDGEWISE_FULL is set, as go tool mage test
// -full does.
func extent(plain, full int) int {
	if os.Getenv("EDGEWISE_FULL") != "" {
		return full
	}
	return plain
}
