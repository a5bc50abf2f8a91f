package pool

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

const offHeapAvailable = true

// mapPrivate returns zeroed memory from the system. The system allocates each page on first touch.
func mapPrivate(size int) ([]byte, error) {
	base, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, fmt.Errorf("memory: VirtualAlloc, %d bytes: %w", size, err)
	}
	// The memory is not Go's. This is the one conversion from an address to a pointer that go vet
	// accepts.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&base)), size), nil
}

func unmapPrivate(p []byte) {
	if err := windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(p))), 0, windows.MEM_RELEASE); err != nil {
		panic(fmt.Sprintf("memory: VirtualFree: %v", err)) // the range was not mapped
	}
}
