package sys

import "errors"

// ErrNotPollable means that no queue can wait for the handle, because it is always ready. Packages
// queue and stream return this same error under their own names.
var ErrNotPollable = errors.New("cannot wait for this kind of handle")
