// Package mirror maps memory twice, the second mapping directly after the first.
package mirror

import (
	"errors"
	"math"
)

// Map returns 2*size bytes of memory whose second half is the first half again. The size is a
// multiple of Granularity.
func Map(size int) ([]byte, error) {
	if size > math.MaxInt/2 {
		return nil, errors.New("mirror: cannot map the memory twice: its size exceeds the address space")
	}
	return mapTwice(size)
}
