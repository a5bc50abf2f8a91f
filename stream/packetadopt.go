package stream

import "github.com/edgewise-go/edgewise/sys"

// Release ends the connection as Close does, but gives the handle, open and non-blocking, to the
// caller, with the datagrams that have not been read yet; the path of a unix-domain socket stays.
// While a call reads or writes, suspended or not, it does nothing and returns [ErrBusy].
func (c *PacketConn) Release() (sys.Handle, error) {
	h, err := c.handOver()
	return h, c.opError("release", err)
}
