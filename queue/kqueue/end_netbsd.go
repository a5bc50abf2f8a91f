package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer, which has nothing else to read.
const endFilter = sys.EvfiltRead

// endWatched reports whether endFilter is attached in addition to EVFILT_WRITE. pipeclose wakes the
// waiters for room before it marks the pipe, so they find nothing and sleep again. Afterwards,
// pipe_kqfilter refuses a new filter.
const endWatched = true
