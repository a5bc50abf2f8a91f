//go:build unix

package pool

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

const offHeapAvailable = true

// mapPrivate returns zeroed memory from the system. The system allocates each page on first touch.
func mapPrivate(size int) ([]byte, error) {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("memory: mmap %d bytes: %w", size, err)
	}
	return unsafe.Slice((*byte)(p), size), nil
}

func unmapPrivate(p []byte) {
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p))); err != nil {
		panic(fmt.Sprintf("memory: munmap: %v", err)) // munmap(2): EINVAL for a range that was not mapped
	}
}
