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
	// patienceDefault is how long a case waits for an event that is due. It only ends hangs and
	// measures nothing. It is far longer than a loaded machine with one processor needs.
	patienceDefault = 20 * time.Second
	// raceScale multiplies the patience of programs built with the race detector.
	raceScale = 3
	// proofPatience is the patience of a case against a mutant, scaled likewise. A mutant that
	// swallows an event costs all of it. On a machine that is too slow for it, the proof can only
	// report a fault that exists anyway.
	proofPatience = 500 * time.Millisecond
	// limitScale bounds a whole case, in units of patience: a case waits more than once.
	limitScale = 4
)

// PatienceVariable is the environment variable that sets the patience if the flag does not. It
// serves test programs under an emulator and programs without the flags of package testing.
const PatienceVariable = "EDGEWISE_PATIENCE"

// patienceFlag exists only in test programs, so that other programs that import a suite do not get
// the flag.
var patienceFlag = func() *time.Duration {
	if !testing.Testing() {
		return new(time.Duration)
	}
	return flag.Duration("suite.patience", 0, "how long a conformance case waits for an event before it counts as lost (default $"+
		PatienceVariable+", or 20s, or 1m with the race detector)")
}()

// Patience returns how long a case waits for an event that is due before it reports a hang. It
// never proves that something does not happen.
func Patience() time.Duration {
	fromEnvironment, _ := time.ParseDuration(os.Getenv(PatienceVariable))
	return cmp.Or(*patienceFlag, fromEnvironment, scaled(patienceDefault))
}

// scaled returns d, multiplied by raceScale under the race detector.
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
