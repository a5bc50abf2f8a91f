package bufstrategy

import (
	"errors"
	"fmt"
	"strings"
)

// Names lists the strategies that New makes.
func Names() []string {
	return []string{"fixed", "grow", "ring", "mirrored", "chain", "adaptive", "shared"}
}

// New makes a buffer by the name of its strategy. Every buffer of a loop may be made with the same options;
// "shared" needs Options.Scratch.
//
// For a strategy that this version does not have the error wraps errors.ErrUnsupported and names the nearest that works.
func New(name string, o Options) (Buffer, error) {
	switch name {
	case "fixed":
		return checkedBuffer(NewFixed(o))
	case "grow":
		return checkedBuffer(NewGrow(o))
	case "ring":
		return checkedBuffer(NewRing(o))
	case "mirrored":
		return checkedBuffer(NewMirrored(o))
	case "chain":
		return checkedBuffer(NewChain(o))
	case "adaptive":
		return checkedBuffer(NewAdaptive(o))
	case "shared":
		return checkedBuffer(NewShared(o))
	}
	if nearest := nearestOf(name); nearest != "" {
		return nil, fmt.Errorf("bufstrategy: strategy %q is not available, the nearest is %q: %w", name, nearest, errors.ErrUnsupported)
	}
	return nil, fmt.Errorf("bufstrategy: no strategy %q, there are %s", name, strings.Join(Names(), ", "))
}

// nearestOf names the strategy that comes closest to one that is known and not built.
func nearestOf(name string) string {
	if name == "kernel" {
		return "shared"
	}
	return ""
}

// checkedBuffer keeps a nil pointer from becoming a Buffer that is not nil.
func checkedBuffer[B Buffer](b B, err error) (Buffer, error) {
	if err != nil {
		return nil, err
	}
	return b, nil
}
