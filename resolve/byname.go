package resolve

import (
	"errors"
	"fmt"
	"strings"
)

// Names returns the names that [ByName] knows.
func Names() []string { return []string{"adaptive", "blocking", "pool", "evented"} }

// ByName makes the strategy of that name over lookup; options are for the pool. "adaptive" and
// "evented" are refused with an error that wraps errors.ErrUnsupported and names the nearest that
// can be had.
func ByName(name string, lookup Lookup, options PoolOptions) (Strategy, error) {
	switch name {
	case "blocking":
		return NewBlocking(lookup), nil
	case "pool":
		return NewPool(lookup, options)
	case "adaptive", "evented":
		return nil, fmt.Errorf("resolve: strategy %q is not available, the nearest is %q: %w", name, "pool", errors.ErrUnsupported)
	}
	return nil, fmt.Errorf("resolve: no strategy %q: choose one of %s", name, strings.Join(Names(), ", "))
}
