package streamtest

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// childEnv tells a test process to run one case against one target: "case|target".
const childEnv = "EDGEWISE_STREAMTEST_CHILD"

// childDescriptors is the descriptor limit of a case's process.
const childDescriptors = 96

// RunChild runs the case that this process was started for, against the matching one of targets. In
// any other process it does nothing.
func RunChild(t *testing.T, targets ...Target) {
	t.Helper()
	id, name, ok := strings.Cut(os.Getenv(childEnv), "|")
	if !ok {
		return
	}
	for _, target := range targets {
		if target.Name != name {
			continue
		}
		for _, c := range Cases() {
			if c.ID == id {
				// The parent judges what the target waives and lacks.
				target.Waivers, c.Needs = nil, nil
				for _, r := range suite.Violations(suite.Check(t.Context(), []Case{c}, target)) {
					t.Error(r.Detail)
				}
				return
			}
		}
	}
	t.Errorf("there is no case %q or no target %q", id, name)
}

// alone makes the function of a case that has a process with few descriptors to itself.
func alone(id string, run func(w *world)) func(T, *Fixture) {
	// The shell sets both limits, so the child's runtime cannot raise its own again.
	return apart(id, []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, childDescriptors)}, run)
}

// apart makes the function of a case that has a process to itself. The command via starts the
// process: the program and its arguments follow it.
func apart(id string, via []string, run func(w *world)) func(T, *Fixture) {
	return func(t T, f *Fixture) {
		if os.Getenv(childEnv) != "" {
			in(run)(t, f)
			return
		}
		target := strings.TrimSuffix(t.Name(), "/"+id)
		self, err := os.Executable()
		if err != nil {
			t.Fatalf("own executable: %v", err)
		}
		args := slices.Concat(via[1:], []string{self, "-test.run=^" + f.Child + "$", "-test.count=1", "-test.v"})
		cmd := exec.CommandContext(t.Context(), via[0], args...)
		cmd.Env = childEnvironment(t.Patience(), childEnv+"="+id+"|"+target)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+f.Child) {
			t.Errorf("child process: %v\n%s", err, out)
		}
	}
}

// childEnvironment returns the environment of a process that runs tests for this one, with the same
// options and additional variables.
func childEnvironment(patience time.Duration, more ...string) []string {
	env := append(os.Environ(), suite.PatienceVariable+"="+patience.String(),
		// The race detector would make each process sleep for a second at its end, to report
		// goroutines that still run.
		"GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	if suite.Full() {
		env = append(env, suite.FullVariable+"=1")
	}
	return append(env, more...)
}

// hog opens sockets until the process is out of descriptors.
func (w *world) hog() []stream.Socket {
	w.Helper()
	var all []stream.Socket
	for range 2 * childDescriptors {
		s, err := stream.OpenTCP(sys.IPv4)
		if err != nil {
			if sys.ClassOf(err) != sys.ClassOutOfDescriptors {
				w.Fatalf("open: %v", err)
			}
			return all
		}
		all = append(all, s)
	}
	w.Fatalf("the process has more than %d descriptors", len(all))
	return nil
}

func closeSockets(all []stream.Socket) {
	for i := range all {
		all[i].Close()
	}
}
