// Package edgewise is the whole stack of edgewise in one import. Each part is also a module that
// works alone.
package edgewise

import (
	_ "github.com/edgewise-go/edgewise/bufstrategy"
	_ "github.com/edgewise-go/edgewise/queue"
	_ "github.com/edgewise-go/edgewise/resolve"
	_ "github.com/edgewise-go/edgewise/sched"
	_ "github.com/edgewise-go/edgewise/stream"
	_ "github.com/edgewise-go/edgewise/sys"
)
