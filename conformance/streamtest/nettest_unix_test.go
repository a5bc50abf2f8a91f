//go:build unix

package streamtest

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestConnOverUnixSockets(t *testing.T) {
	for _, target := range perMechanism(forms...) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testPipe(t, target, func(f *Fixture) (c1, c2 net.Conn, stop func(), err error) {
				// The directory that the test would create has a name too long for a socket.
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
	for _, target := range perMechanism(forms...) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			testPipe(t, target, PairPipe)
		})
	}
}
