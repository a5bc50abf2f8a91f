package bufstrategy

import (
	"fmt"
	"strings"
)

// Names lists the strategies that New makes.
func Names() []string {
	return []string{"fixed", "grow", "ring", "mirrored", "chain", "adaptive", "perloop", "kernel"}
}

// New makes a buffer by the name of its strategy. Every buffer of a loop may be made with the same
// options; "perloop" needs Options.Scratch, and "kernel" is lent nothing without Options.Lender.
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
	return nil, fmt.Errorf("bufstrategy: no strategy %q, there are %s", name, strings.Join(Names(), ", "))
}

// checkedBuffer keeps a nil pointer from becoming a Buffer that is not nil.
func checkedBuffer[B Buffer](b B, err error) (Buffer, error) {
	if err != nil {
		return nil, err
	}
	return b, nil
}
