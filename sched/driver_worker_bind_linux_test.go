package sched

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/queue/epoll"
)

func TestALoopRunsWhereItIsBoundAndIsReleased(t *testing.T) {
	runtime.LockOSThread() // the thread that Run binds
	defer runtime.UnlockOSThread()
	var before, inside, after unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &before))
	cpu := 0
	for !before.IsSet(cpu) {
		cpu++
	}
	bound := func(cpu int) error {
		q, err := epoll.New(epoll.Options{})
		require.NoError(t, err)
		l := New(q, Options{CPUs: []int{cpu}})
		err = l.Go(t.Context(), "looks", func(*Task) error { return unix.SchedGetaffinity(0, &inside) })
		require.NoError(t, err)
		l.Drain()
		return l.Run(context.Background())
	}
	require.NoError(t, bound(cpu))
	if inside.Count() != 1 || !inside.IsSet(cpu) {
		t.Errorf("bound to CPU %d, the loop may run on %v", cpu, inside)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("after Run the thread may run on CPUs %v, want %v (error %v)", after, before, err)
	}
	if err := bound(1 << 16); err == nil {
		t.Errorf("Run: got nil for a CPU that does not exist, want an error")
	}
}
