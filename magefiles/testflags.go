//go:build mage

package main

import (
	"fmt"
	"runtime"
)

// packagesAtOnce returns the flag for how many packages are tested at once. Many wait for most of
// their time, so it is more than there are processors.
func packagesAtOnce() string { return fmt.Sprintf("-p=%d", runtime.GOMAXPROCS(0)+2) }

// withoutDebugInfo shortens the linking of some ninety test programs by a fifth. Stacks keep their
// names and lines.
const withoutDebugInfo = "-ldflags=-w"

// raceExit removes the second for which a test program with the race detector sleeps before it
// exits. In that time a goroutine that outlives the tests may still race. The suites check that
// none does, and -full sleeps.
const raceExit = "GORACE=atexit_sleep_ms=0"
