package sys

import "golang.org/x/sys/windows"

// ThreadID is GetCurrentThreadId.
func ThreadID() (uint64, error) { return uint64(windows.GetCurrentThreadId()), nil }
