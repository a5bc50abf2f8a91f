package bufstrategy

// perLoopConfigsMax bounds how many configs a Scratch remembers.
const perLoopConfigsMax = 4

// perLoopConfig is what the PerLoop buffers of a loop that were made with the same options have in
// common, so that each of them holds one pointer instead. It is never changed.
type perLoopConfig struct {
	scratch          *Scratch
	limit, high, low int
	watcher          Watcher
	poison           bool
}

// config returns the config that is equal to want: one that was made lately, or else a new one.
// Several goroutines may make buffers for one loop: then one of them may miss what another has just
// made, which costs a config and no more.
func (c *Scratch) config(want perLoopConfig) *perLoopConfig {
	if !comparableWatcher(want.watcher) {
		return newPerLoopConfig(want)
	}
	lately := c.configs.Load()
	if lately == nil {
		lately = new([perLoopConfigsMax]*perLoopConfig)
	}
	for _, have := range lately {
		if have != nil && *have == want {
			return have
		}
	}
	made := newPerLoopConfig(want)
	next := [perLoopConfigsMax]*perLoopConfig{made}
	copy(next[1:], lately[:])
	c.configs.Store(&next)
	return made
}

// newPerLoopConfig copies c, so that the caller's own need not come from the heap.
func newPerLoopConfig(c perLoopConfig) *perLoopConfig { return &c }
