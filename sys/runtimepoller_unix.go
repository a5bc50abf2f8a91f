//go:build unix

package sys

import "time"

// StartRuntimePoller makes Go's runtime open the descriptors of its own poller, unless it already
// has.
//
// The runtime opens them with the first timer that it starts. If the process is out of descriptors
// then, the runtime ends it: "fatal error: runtime: netpollinit failed". In a program that does not
// use package net, peers can cause this: they connect until no descriptor is left. So code that
// opens a queue or listens calls StartRuntimePoller first.
//
// It does nothing in a process with fewer than four descriptors left, because the attempt could end
// the process. Any goroutine may call it, any number of times.
func StartRuntimePoller() {
	if !hasFourDescriptors() {
		return
	}
	// A timer with a channel is unsuitable: the runtime starts it only when a goroutine waits.
	time.AfterFunc(time.Hour, func() {}).Stop()
}

// hasFourDescriptors reports whether the process can open four more descriptors. The runtime needs
// two or three.
func hasFourDescriptors() bool {
	for range 2 {
		r, w, err := Pipe()
		if err != nil {
			return false
		}
		defer Close(r)
		defer Close(w)
	}
	return true
}
