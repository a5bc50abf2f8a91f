//go:build darwin || dragonfly || freebsd

package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer instead of EVFILT_WRITE. FreeBSD, DragonFly and
// old macOS refuse EVFILT_WRITE once the reader is gone, so a later registration would never report
// the end. endFilter is an event with the number of the handle, triggered when the kernel refuses
// EVFILT_WRITE.
const endFilter = sys.EvfiltUser

// endWatched reports whether endFilter is attached in addition to EVFILT_WRITE. Here it is not,
// because EVFILT_WRITE reports a reader that closes.
const endWatched = false
