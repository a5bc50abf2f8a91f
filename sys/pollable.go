package sys

import "errors"

// ErrNotPollable says that a handle cannot be waited for: it is always ready. Packages queue and
// stream return this very error under names of their own.
var ErrNotPollable = errors.New("this kind of handle cannot be waited for")
