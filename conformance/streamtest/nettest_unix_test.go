//go:build unix

package streamtest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onePerMechanism is park, and tasks and goroutines on every mechanism with an edge: what the modes change, TCP has shown.
func onePerMechanism() []Target {
	all := []Target{parked()}
	for _, target := range onSingle() {
		if strings.HasSuffix(target.Name, "-edge") {
			all = append(all, target)
		}
	}
	return all
}

func TestConnOverUnixSockets(t *testing.T) {
	for _, target := range onePerMechanism() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testPipe(t, target, func(f *Fixture) (c1, c2 net.Conn, stop func(), err error) {
				// The folder that the test would make has a name too long for a socket.
				dir, err := os.MkdirTemp("", "streamtest")
				if err != nil {
					return nil, nil, nil, err
				}
				defer os.RemoveAll(dir)
				return UnixPipe(f, filepath.Join(dir, "s"))
			})
		})
	}
}

func TestConnOverSocketPairs(t *testing.T) {
	for _, target := range onePerMechanism() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testPipe(t, target, PairPipe)
		})
	}
}
