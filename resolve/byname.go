package resolve

import (
	"errors"
	"fmt"
	"strings"
)

// Names returns the names that [ByName] recognizes.
func Names() []string { return []string{"adaptive", "blocking", "pool", "evented"} }

// ByName returns a new strategy of that name over lookup. options are for the pool. For "adaptive"
// and "evented" it returns an error that wraps errors.ErrUnsupported and names the nearest
// available strategy.
func ByName(name string, lookup Lookup, options PoolOptions) (Strategy, error) {
	switch name {
	case "blocking":
		return NewBlocking(lookup), nil
	case "pool":
		return NewPool(lookup, options)
	case "adaptive", "evented":
		return nil, fmt.Errorf("resolve: strategy %q: not available: use %q: %w", name, "pool", errors.ErrUnsupported)
	}
	return nil, fmt.Errorf("resolve: strategy %q: unknown: choose one of %s", name, strings.Join(Names(), ", "))
}
