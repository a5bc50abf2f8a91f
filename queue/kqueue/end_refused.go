//go:build darwin || dragonfly || freebsd

package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer in the place of EVFILT_WRITE, which FreeBSD,
// DragonFly and old macOS refuse once the reader is gone, so that who comes late would never hear
// of it. It is an event with the number of the handle, triggered when the refusal comes.
const endFilter = sys.EvfiltUser

// endWatched says that endFilter is attached beside EVFILT_WRITE. Here that one hears of a reader
// that closes.
const endWatched = false
