package queuetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

const operations = "completion/"

// runReadiness runs the cases without operations, and with suite.Full all. It is for a target that
// differs from another one in its waker only, which operations do not use.
func runReadiness(t *testing.T, target Target) {
	runPart(t, target, func(id string) bool { return !strings.HasPrefix(id, operations) })
}

// runOperations runs the cases of operations, and with suite.Full all. It is for package completion
// over a second mechanism with native edges, whose registrations it treats alike.
func runOperations(t *testing.T, target Target) {
	runPart(t, target, func(id string) bool { return strings.HasPrefix(id, operations) })
}

func runPart(t *testing.T, target Target, part func(id string) bool) {
	t.Helper()
	if suite.Full() {
		Run(t, target)
		return
	}
	if err := target.available(); err != nil {
		suite.Unavailable(t, Contract, target.Name, err)
	}
	cases := slices.DeleteFunc(Cases(), func(c Case) bool { return !part(c.ID) })
	target.Waivers = slices.DeleteFunc(target.Waivers, func(w Waiver) bool { return !part(w.Case) })
	suite.Run(t, Contract, cases, target.suite())
}
