//go:build !linux

package park

import "github.com/edgewise-go/edgewise/sys"

// wake makes a running poll return. It is a pair of sockets, because WSAPoll accepts only sockets.
// It holds at most one byte: it is signaled at most once between two clears.
type wake struct{ r, w sys.Handle }

func openWake() (wake, error) {
	r, w, err := sys.SocketPair()
	return wake{r, w}, err
}

func (w wake) handle() sys.Handle { return w.r }

func (w wake) signal() error {
	_, err := sys.Send(w.w, []byte{1})
	return err
}

func (w wake) clear() error {
	var b [1]byte
	_, err := sys.Recv(w.r, b[:])
	return err
}

func (w wake) close() error {
	err := sys.Close(w.w)
	if e := sys.Close(w.r); err == nil {
		err = e
	}
	return err
}
