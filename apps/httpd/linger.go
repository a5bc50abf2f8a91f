package main

import (
	"crypto/tls"
	"time"
)

// linger ends the connection on this side and reads until the peer ends it on the other. Closing a
// socket with unread bytes resets the connection, and the peer may lose the last answer (RFC 9112,
// 9.6).
//
// The silence of the peer, the time and the bytes are bounded. The connection of a peer that
// exceeds a bound is reset.
func (c *connection) linger() error {
	if t, ok := c.Conn.(*tls.Conn); ok {
		if err := t.CloseWrite(); err != nil {
			return err
		}
	}
	if err := c.raw.CloseWrite(); err != nil {
		return err
	}
	limits := &c.server.limits
	// The reader already has a buffer, so a silent peer holds no other memory.
	c.reader.Reset(c.raw)
	c.lingers, c.lingerEnd = true, time.Now().Add(limits.linger)
	if c.task.Draining() {
		c.hasten()
	}
	for left := limits.lingerBytes; left > 0; {
		now := time.Now()
		if !now.Before(c.lingerEnd) {
			return nil
		}
		silence := now.Add(limits.lingerSilence)
		if silence.After(c.lingerEnd) {
			silence = c.lingerEnd
		}
		if err := c.raw.SetReadDeadline(silence); err != nil {
			return err
		}
		if _, err := c.reader.Peek(1); err != nil {
			return err
		}
		n, err := c.reader.Discard(c.reader.Buffered())
		if left -= int64(n); err != nil {
			return err
		}
	}
	return nil
}

// hasten shortens the end of a connection when the server itself ends.
func (c *connection) hasten() {
	if end := time.Now().Add(c.server.limits.lingerEnding); end.Before(c.lingerEnd) {
		c.lingerEnd = end
	}
}
