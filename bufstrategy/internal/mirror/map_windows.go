package mirror

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32       = windows.NewLazySystemDLL("kernel32.dll")
	mapViewOfFileX = kernel32.NewProc("MapViewOfFileEx")
)

// Granularity returns the granularity of addresses, dwAllocationGranularity, which is the
// same on all versions of Windows.
func Granularity() int { return 64 << 10 }

// tries bounds the searches for a free range of addresses. Another thread may take the range
// before both views are mapped.
const tries = 8

// mapTwice returns 2*size bytes of memory whose second half maps the first half again.
func mapTwice(size int) ([]byte, error) {
	section, err := windows.CreateFileMapping(windows.InvalidHandle, nil, windows.PAGE_READWRITE, 0, uint32(size), nil)
	if err != nil {
		return nil, fmt.Errorf("mirror: CreateFileMapping, %d bytes: %w", size, err)
	}
	defer windows.CloseHandle(section) // the views keep the memory
	for range tries {
		var base uintptr
		if base, err = windows.VirtualAlloc(0, uintptr(2*size), windows.MEM_RESERVE, windows.PAGE_NOACCESS); err != nil {
			return nil, fmt.Errorf("mirror: VirtualAlloc, %d bytes: %w", 2*size, err)
		}
		if err := windows.VirtualFree(base, 0, windows.MEM_RELEASE); err != nil {
			return nil, fmt.Errorf("mirror: VirtualFree: %w", err)
		}
		if err = viewAt(section, base, size); err != nil {
			continue
		}
		if err = viewAt(section, base+uintptr(size), size); err == nil {
			// The memory is not Go's. This is the one conversion from an address to a pointer that
			// go vet accepts.
			return unsafe.Slice(*(**byte)(unsafe.Pointer(&base)), 2*size), nil
		}
		_ = windows.UnmapViewOfFile(base) // report the first error
	}
	return nil, fmt.Errorf("mirror: MapViewOfFileEx: %w", err)
}

func viewAt(section windows.Handle, at uintptr, size int) error {
	got, _, err := mapViewOfFileX.Call(uintptr(section), windows.FILE_MAP_WRITE, 0, 0, uintptr(size), at)
	if got == 0 {
		return err
	}
	return nil
}

// Unmap gives back memory from Map.
func Unmap(p []byte) {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(p)))
	for _, view := range []uintptr{base, base + uintptr(len(p)/2)} {
		if err := windows.UnmapViewOfFile(view); err != nil {
			panic(fmt.Sprintf("mirror: UnmapViewOfFile: %v", err)) // the range was not mapped
		}
	}
}
