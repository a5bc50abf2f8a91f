package stream

import "github.com/edgewise-go/edgewise/sys"

// Release ends the connection as Close does, but gives the handle, open and non-blocking, to the caller, with the datagrams that have not been read yet; the
// path of a unix-domain socket stays. While a call reads or writes, suspended or not, it does nothing and returns [ErrBusy].
func (c *PacketConn) Release() (sys.Handle, error) {
	if !c.in.turn.TryLock() {
		return sys.Invalid, c.opError("release", ErrBusy)
	}
	defer c.in.give()
	if !c.out.turn.TryLock() {
		return sys.Invalid, c.opError("release", ErrBusy)
	}
	defer c.out.give()
	h, err := c.sock.Release()
	if err != nil {
		return sys.Invalid, c.opError("release", err)
	}
	return h, c.opError("release", c.reg.Close())
}
