package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer (EVFILT_EXCEPT, for pipes since OpenBSD 7.1).
const endFilter = sys.EvfiltExcept

// endWatched reports whether endFilter is attached in addition to EVFILT_WRITE. pipe_destroy wakes
// the waiters for room before it marks the pipe, so they find nothing and sleep again. Afterwards,
// pipe_kqfilter refuses a new filter.
const endWatched = true
