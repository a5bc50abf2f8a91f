package park

import "github.com/edgewise-go/edgewise/sys"

// wake makes a running poll return. It is an eventfd.
type wake struct{ h sys.Handle }

func openWake() (wake, error) {
	h, err := sys.Eventfd()
	return wake{h}, err
}

func (w wake) handle() sys.Handle { return w.h }
func (w wake) signal() error      { return sys.EventfdSignal(w.h) }

func (w wake) clear() error {
	_, err := sys.EventfdClear(w.h)
	return err
}

func (w wake) close() error { return sys.Close(w.h) }
