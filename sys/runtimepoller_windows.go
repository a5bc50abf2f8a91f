package sys

// StartRuntimePoller does nothing: a process of Windows does not run out of handles.
func StartRuntimePoller() {}
