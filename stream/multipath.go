package stream

import "github.com/edgewise-go/edgewise/sys"

// openMultipath opens a socket of Multipath TCP.
func openMultipath(f sys.Family) (Socket, error) {
	h, err := sys.MultipathSocket(f)
	if err != nil {
		return Socket{}, err
	}
	return own(h), nil // its reads are not those of plain TCP
}

// MultipathTCP reports whether the connection uses Multipath TCP at present. A connection that was
// opened with that option uses TCP if the system, the network or the peer lacks it. Linux before
// 5.16 does not say, and the result is false.
func (c *Conn) MultipathTCP() (on bool, err error) {
	err = c.sock.do(func(h sys.Handle) (err error) {
		on, err = sys.IsMultipath(h)
		return err
	})
	return on, c.opError("get", callError("getsockopt", err))
}
