package main

import (
	"crypto/tls"
	"time"
)

// linger ends the connection on this side, and reads until the peer ends it on the other. A socket
// that is closed with unread bytes resets the connection, and the peer may lose the last answer
// (RFC 9112, 9.6).
//
// The bounds are on the silence of the peer, on the time and on the bytes. A peer that exceeds one
// is reset.
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
	// The reader has a buffer already: a peer that stays silent holds no other memory.
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
