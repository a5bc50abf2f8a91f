package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// cpusMax is the largest number of CPUs that a kernel can be built for.
const cpusMax = 8192

// BindThread restricts the calling thread to CPU number cpu (sched_setaffinity(2)). The calling
// goroutine must be locked to its thread. It calls release on that thread before it unlocks it;
// release restores the previous CPU set.
//
// Errors: EINVAL if the CPU does not exist or the process may not use it; [errors.ErrUnsupported]
// on systems that cannot bind threads.
func BindThread(cpu int) (release func() error, err error) {
	if cpu < 0 || cpu >= cpusMax {
		return nil, fmt.Errorf("sys: bind thread to CPU %d: %w", cpu, unix.EINVAL)
	}
	before := unix.NewCPUSet(cpusMax)
	if err := unix.SchedGetaffinityDynamic(0, before); err != nil {
		return nil, fmt.Errorf("sys: bind thread to CPU %d: %w", cpu, err)
	}
	set := unix.NewCPUSet(cpu + 1)
	set.Set(cpu)
	if err := unix.SchedSetaffinityDynamic(0, set); err != nil {
		return nil, fmt.Errorf("sys: bind thread to CPU %d: %w", cpu, err)
	}
	return func() error {
		if err := unix.SchedSetaffinityDynamic(0, before); err != nil {
			return fmt.Errorf("sys: release thread from CPU %d: %w", cpu, err)
		}
		return nil
	}, nil
}
