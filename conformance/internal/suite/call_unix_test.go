//go:build unix

package suite

import (
	"syscall"
	"testing"
)

func TestACallIsSeenToBlockInTheKernel(t *testing.T) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = syscall.Close(p[0]), syscall.Close(p[1]) }()
	seen(t, func(t T) {
		call := Go(func() {
			if n, err := syscall.Read(p[0], make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("read: got %d, %v, want 1, nil", n, err)
			}
		})
		UntilBlocked(t, "a blocked read of an empty pipe", call)
		if call.HasEnded() {
			t.Errorf("the read has ended, want it blocked")
		}
		if _, err := syscall.Write(p[1], []byte{1}); err != nil {
			t.Errorf("write: %v", err)
		}
		Receive(t, "end of the read", call.Ended())
	})
}
