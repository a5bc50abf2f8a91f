package sys_test

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func TestAThreadRunsWhereItIsBound(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var before, after unix.CPUSet
		if err := unix.SchedGetaffinity(0, &before); err != nil {
			t.Error(err)
			return
		}
		cpu := 0
		for !before.IsSet(cpu) {
			cpu++
		}
		release, err := sys.BindThread(cpu)
		if err != nil {
			t.Error(err)
			return
		}
		if err := unix.SchedGetaffinity(0, &after); err != nil || after.Count() != 1 || !after.IsSet(cpu) {
			t.Errorf("bound to CPU %d: thread may run on %v, %v", cpu, after, err)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
		if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
			t.Errorf("after release: thread may run on %v, want %v (%v)", after, before, err)
		}
		for _, no := range []int{-1, 1 << 16} {
			if _, err := sys.BindThread(no); !errors.Is(err, unix.EINVAL) {
				t.Errorf("bind to CPU %d: got %v, want EINVAL", no, err)
			}
		}
	}()
	<-done
}
