package apptest

import (
	"errors"
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// Ways returns the values of flag -io that name a way: bytes move by system calls of the tasks, or
// by operations of the queue. Queues without operations get an adapter.
func Ways() []string { return []string{"readiness", "completion"} }

// Queues returns the names of the event-queue mechanisms that work here. It logs a mechanism that
// the system has but denies, and fails the test if RequireVariable is set.
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
