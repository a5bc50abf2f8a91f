package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// cpusMax is the largest number of CPUs that a kernel is built for.
const cpusMax = 8192

// BindThread has the calling thread run on CPU number cpu alone: see sched_setaffinity(2). It is
// for a goroutine that is locked to its thread, and that calls release on it before it is unlocked:
// then the thread runs where it ran before. A CPU that does not exist, or that the process may not
// use, is refused with EINVAL. Where threads cannot be bound the error is errors.ErrUnsupported.
func BindThread(cpu int) (release func() error, err error) {
	if cpu < 0 || cpu >= cpusMax {
		return nil, fmt.Errorf("sys: binding a thread to CPU %d: %w", cpu, unix.EINVAL)
	}
	before := unix.NewCPUSet(cpusMax)
	if err := unix.SchedGetaffinityDynamic(0, before); err != nil {
		return nil, fmt.Errorf("sys: binding a thread to CPU %d: %w", cpu, err)
	}
	set := unix.NewCPUSet(cpu + 1)
	set.Set(cpu)
	if err := unix.SchedSetaffinityDynamic(0, set); err != nil {
		return nil, fmt.Errorf("sys: binding a thread to CPU %d: %w", cpu, err)
	}
	return func() error {
		if err := unix.SchedSetaffinityDynamic(0, before); err != nil {
			return fmt.Errorf("sys: releasing a thread from CPU %d: %w", cpu, err)
		}
		return nil
	}, nil
}
