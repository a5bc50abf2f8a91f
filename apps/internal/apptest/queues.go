package apptest

import (
	"errors"
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// Queues returns the names of the mechanisms of the event queue that work here. One that the system
// has and denies is logged, and fails the test where Need would.
func Queues(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, name := range auto.Names() {
		if name == auto.Auto {
			continue
		}
		q, err := auto.ByName(name)
		switch {
		case errors.Is(err, queue.ErrUnavailable) && os.Getenv(RequireVariable) != "":
			t.Fatalf("%s needs %s: %v", t.Name(), name, err)
		case err != nil:
			t.Logf("without %s: %v", name, err)
			continue
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}
