package sys

// StartRuntimePoller does nothing: a process on Windows does not run out of handles.
func StartRuntimePoller() {}
