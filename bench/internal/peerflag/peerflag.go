// Package peerflag has the flags that the programs of other packages have in common.
package peerflag

import (
	"flag"
	"fmt"
	"os"

	"github.com/edgewise-go/edgewise/bench/internal/memory"
)

// Parse parses the command line. With -report, it starts a goroutine that logs reports. sink means
// that the server discards what arrives.
func Parse() (sink bool) {
	flag.BoolVar(&sink, "sink", false, "discard what arrives")
	report := flag.Duration("report", 0, "time between two reports of memory, after a garbage collection; 0 for none")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s: unexpected argument %q\n", os.Args[0], flag.Arg(0))
		os.Exit(2)
	}
	if *report > 0 {
		// The load knows how many connections there are.
		go memory.LogEvery(*report, func() int { return 0 })
	}
	return sink
}
