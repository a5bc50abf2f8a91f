package suite

import (
	"cmp"
	"flag"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

const (
	// patienceDefault is how long a case waits for an event that is due. It ends a hang and
	// measures nothing, so it is far above what a loaded machine with one processor needs.
	patienceDefault = 20 * time.Second
	// raceScale is how much longer programs with the race detector get.
	raceScale = 3
	// proofPatience is what a case against a mutant gets instead, scaled likewise. A mutant that
	// swallows an event costs it in full. A machine too slow for it can only make a proof report a
	// fault that is there anyway.
	proofPatience = 500 * time.Millisecond
	// limitScale bounds a whole case, in patiences: a case waits more than once.
	limitScale = 4
)

// PatienceVariable is the environment variable that sets the patience where the flag does not: for
// test programs that run under an emulator, and for programs without flags of package testing.
const PatienceVariable = "EDGEWISE_PATIENCE"

// patienceFlag exists in test programs only: other programs that import a suite keep their flags to
// themselves.
var patienceFlag = func() *time.Duration {
	if !testing.Testing() {
		return new(time.Duration)
	}
	return flag.Duration("suite.patience", 0, "how long a conformance case waits for an event before it counts as lost (default $"+
		PatienceVariable+", or 20s, or 1m with the race detector)")
}()

// Patience is how long a case waits for an event that is due before it reports a hang. It is never
// the proof that something does not happen.
func Patience() time.Duration {
	fromEnvironment, _ := time.ParseDuration(os.Getenv(PatienceVariable))
	return cmp.Or(*patienceFlag, fromEnvironment, scaled(patienceDefault))
}

// scaled returns d as programs of this build need it.
func scaled(d time.Duration) time.Duration {
	if race() {
		return raceScale * d
	}
	return d
}

// race reports whether the program was built with the race detector.
var race = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
})
