package bufstrategy

import (
	"fmt"
	"strings"
)

// Names lists the strategies that ByName accepts.
func Names() []string {
	return []string{"fixed", "grow", "ring", "mirrored", "chain", "adaptive", "perloop", "kernel"}
}

// ByName returns a buffer of the named strategy. All buffers of a loop can use the same options.
// "perloop" requires Options.Scratch. "kernel" takes no lent segments without Options.Lender.
func ByName(name string, o Options) (Buffer, error) {
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
	case "perloop":
		return checkedBuffer(NewPerLoop(o))
	case "kernel":
		return checkedBuffer(NewKernel(o))
	}
	return nil, fmt.Errorf("bufstrategy: no strategy %q: want one of %s", name, strings.Join(Names(), ", "))
}

// checkedBuffer prevents a nil pointer from becoming a non-nil Buffer.
func checkedBuffer[B Buffer](b B, err error) (Buffer, error) {
	if err != nil {
		return nil, err
	}
	return b, nil
}
