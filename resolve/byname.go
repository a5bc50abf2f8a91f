package resolve

import (
	"fmt"
	"strings"
)

// Names returns the names that [ByName] recognizes.
func Names() []string { return []string{"blocking", "pool"} }

// ByName returns a new strategy of that name over lookup. options are for the pool.
func ByName(name string, lookup Lookup, options PoolOptions) (Strategy, error) {
	switch name {
	case "blocking":
		return NewBlocking(lookup), nil
	case "pool":
		return NewPool(lookup, options)
	}
	return nil, fmt.Errorf("resolve: strategy %q: unknown: choose one of %s", name, strings.Join(Names(), ", "))
}
