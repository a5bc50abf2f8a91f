//go:build unix

package stream

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

// refusing is a Waiter that refuses every registration.
type refusing struct{}

var errFull = errors.New("full")

func (refusing) Register(sys.Handle) (Source, error) { return nil, errFull }

func TestAPathIsRemovedWhenListeningFailsAfterIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	for _, options := range []ListenOptions{{}, {KeepPath: true}} {
		if _, err := ListenUnix(refusing{}, name, options); !errors.Is(err, errFull) {
			t.Fatalf("got %v, want %v", err, errFull)
		}
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Lstat of the path: %v, want os.ErrNotExist", err)
		}
	}
}
