package bufstrategy

// perLoopConfigsMax bounds the configs that a Scratch remembers.
const perLoopConfigsMax = 4

// perLoopConfig is the immutable configuration that PerLoops with the same options on a loop share.
// Each of them holds one pointer to it.
type perLoopConfig struct {
	scratch          *Scratch
	limit, high, low int
	watcher          Watcher
	poison           bool
}

// config returns a recent config that equals want, or else a new one. Several goroutines may create
// buffers for one loop. One of them may then miss a config that another has just created, which
// only costs a second config.
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

// newPerLoopConfig copies c, so that the value of the caller does not escape to the heap.
func newPerLoopConfig(c perLoopConfig) *perLoopConfig { return &c }
