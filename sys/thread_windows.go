package sys

import "golang.org/x/sys/windows"

// ThreadID returns the result of GetCurrentThreadId.
func ThreadID() (uint64, error) { return uint64(windows.GetCurrentThreadId()), nil }
