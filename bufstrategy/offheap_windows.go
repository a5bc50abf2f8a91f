package bufstrategy

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

const offHeapAvailable = true

// mapPrivate returns memory of the system, all zero. No page of it is there before it is touched.
func mapPrivate(size int) ([]byte, error) {
	base, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, fmt.Errorf("bufstrategy: VirtualAlloc of %d bytes: %w", size, err)
	}
	// The address is not Go's; it is turned into a pointer in the one way that the compiler lets
	// pass.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&base)), size), nil
}

func unmapPrivate(p []byte) {
	if err := windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(p))), 0, windows.MEM_RELEASE); err != nil {
		panic(fmt.Sprintf("bufstrategy: VirtualFree: %v", err)) // of what was not mapped
	}
}
