package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer (EVFILT_EXCEPT, for pipes since OpenBSD 7.1).
const endFilter = sys.EvfiltExcept

// endWatched says that endFilter is attached beside EVFILT_WRITE: pipe_destroy wakes those who wait
// for room before it marks the pipe, so that they find nothing and sleep on, and pipe_kqfilter
// refuses who comes later.
const endWatched = true
