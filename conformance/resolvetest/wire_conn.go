package resolvetest

import (
	"context"
	"net"
)

// wireConn is a connection of the resolver whose messages are changed on their way. It hides the
// handle, so that every message passes here.
type wireConn struct {
	net.Conn
	// write returns what is sent in place of b: nothing if it is nil.
	write func(b []byte) ([]byte, error)
}

func (c *wireConn) Write(b []byte) (int, error) {
	if c.write == nil {
		return c.Conn.Write(b)
	}
	sent, err := c.write(b)
	if err != nil {
		return 0, err
	}
	if sent == nil {
		return len(b), nil
	}
	if _, err := c.Conn.Write(sent); err != nil {
		return 0, err
	}
	return len(b), nil
}

// dialFunc connects as WireOptions.Dial does.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dialing returns a Dial whose UDP connections prepare has changed. It may set the methods.
func dialing(prepare func(c *wireConn)) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil || network != "udp" {
			return conn, err
		}
		c := &wireConn{Conn: conn}
		prepare(c)
		return c, nil
	}
}

// refusing returns a Dial that fails for a network.
func refusing(network string, err error) dialFunc {
	return func(ctx context.Context, n, address string) (net.Conn, error) {
		if n == network {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, n, address)
	}
}
