package bufstrategy

// sharedConfigsMax bounds how many configs a Scratch remembers.
const sharedConfigsMax = 4

// sharedConfig is what the Shared buffers of a loop that were made with the same options have in
// common, so that each of them holds one pointer instead. It is never changed.
type sharedConfig struct {
	scratch          *Scratch
	limit, high, low int
	watcher          Watcher
	poison           bool
}

// config returns the config that is equal to want: one that was made lately, or else a new one.
// Several goroutines may make buffers for one loop: then one of them may miss what another has just
// made, which costs a config and no more.
func (c *Scratch) config(want sharedConfig) *sharedConfig {
	if !comparableWatcher(want.watcher) {
		return newSharedConfig(want)
	}
	lately := c.configs.Load()
	if lately == nil {
		lately = new([sharedConfigsMax]*sharedConfig)
	}
	for _, have := range lately {
		if have != nil && *have == want {
			return have
		}
	}
	made := newSharedConfig(want)
	next := [sharedConfigsMax]*sharedConfig{made}
	copy(next[1:], lately[:])
	c.configs.Store(&next)
	return made
}

// newSharedConfig copies c, so that the caller's own need not come from the heap.
func newSharedConfig(c sharedConfig) *sharedConfig { return &c }
