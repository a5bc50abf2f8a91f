//go:build unix

package mirror

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Granularity returns the page size.
func Granularity() int { return os.Getpagesize() }

// mapTwice returns 2*size bytes of memory whose second half maps the first half again.
func mapTwice(size int) ([]byte, error) {
	fd, err := anonymousFile(size)
	if err != nil {
		return nil, fmt.Errorf("mirror: create the memory to map twice: %w", err)
	}
	defer unix.Close(fd) // the mappings keep the memory
	// Reserve the whole range first: between two separate mappings another thread could map
	// something.
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(2*size), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("mirror: mmap %d bytes: %w", 2*size, err)
	}
	for _, offset := range []int{0, size} {
		_, err := unix.MmapPtr(fd, 0, unsafe.Add(base, offset), uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED)
		if err != nil {
			_ = unix.MunmapPtr(base, uintptr(2*size)) // report the first error
			return nil, fmt.Errorf("mirror: mmap %d bytes into the reserved range: %w", size, err)
		}
	}
	return unsafe.Slice((*byte)(base), 2*size), nil
}

// Unmap gives back memory from Map.
func Unmap(p []byte) {
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p))); err != nil {
		panic(fmt.Sprintf("mirror: munmap: %v", err)) // munmap(2): EINVAL for a range that was not mapped
	}
}
