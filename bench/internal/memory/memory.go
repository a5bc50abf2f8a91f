// Package memory measures Go's heap and formats sizes.
package memory

import (
	"fmt"
	"runtime"
	"runtime/metrics"
)

// HeapLive returns the bytes of live objects on Go's heap.
func HeapLive() uint64 {
	runtime.GC()
	runtime.GC() // the second collection drops what a pool of the runtime keeps
	return HeapUsed()
}

// HeapUsed returns the bytes in use on Go's heap, live or not yet swept.
func HeapUsed() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// Format formats a number of bytes in the unit that fits.
func Format(n float64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.3g GiB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.3g MiB", n/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.3g KiB", n/(1<<10))
	}
	return fmt.Sprintf("%.0f B", n)
}
