package kqueue

import "github.com/edgewise-go/edgewise/sys"

// endFilter reports the end of a pipe to its writer, who can read nothing else.
const endFilter = sys.EvfiltRead

// endWatched says that endFilter is attached beside EVFILT_WRITE: pipeclose wakes those who wait
// for room before it marks the pipe, so that they find nothing and sleep on, and pipe_kqfilter
// refuses who comes later.
const endWatched = true
