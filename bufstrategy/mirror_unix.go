//go:build unix

package bufstrategy

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func mirrorGranularity() int { return os.Getpagesize() }

// mapMirrored returns 2*size bytes of memory whose second half maps the first half again.
func mapMirrored(size int) ([]byte, error) {
	fd, err := anonymousFile(size)
	if err != nil {
		return nil, fmt.Errorf("bufstrategy: create the memory to map twice: %w", err)
	}
	defer unix.Close(fd) // the mappings keep the memory
	// Reserve the whole range first: between two separate mappings another thread could map
	// something.
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(2*size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("bufstrategy: mmap %d bytes: %w", 2*size, err)
	}
	for _, offset := range []int{0, size} {
		_, err := unix.MmapPtr(fd, 0, unsafe.Add(base, offset), uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED)
		if err != nil {
			_ = unix.MunmapPtr(base, uintptr(2*size)) // report the first error
			return nil, fmt.Errorf("bufstrategy: mmap %d bytes into the reserved range: %w", size, err)
		}
	}
	return unsafe.Slice((*byte)(base), 2*size), nil
}

func unmapMirrored(p []byte) {
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p))); err != nil {
		panic(fmt.Sprintf("bufstrategy: munmap: %v", err)) // munmap(2): EINVAL for a range that was not mapped
	}
}
