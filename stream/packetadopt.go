package stream

import "github.com/edgewise-go/edgewise/sys"

// Release ends the connection as Close does, but returns the handle to the caller, open and
// non-blocking. Unread datagrams remain readable through the handle. The path of a unix-domain
// socket stays. While a call reads or writes, suspended or not, it does nothing and returns
// [ErrBusy].
func (c *PacketConn) Release() (sys.Handle, error) {
	h, err := c.handOver()
	return h, c.opError("release", err)
}
