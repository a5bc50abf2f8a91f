package stream

// ReleaseSocket is [Conn.Release] for callers that continue with Try operations only. It returns a
// Socket that keeps what the Conn knows of the handle, without the limits of [Adopt]. The
// registration has ended when it returns. Deadlines do not pass to the Socket.
func (c *Conn) ReleaseSocket() (Socket, error) {
	h, err := c.handOver()
	if err != nil {
		return Socket{}, c.opError("release", err)
	}
	s := own(h)
	s.file, s.datagrams, s.kind = c.sock.file, c.sock.datagrams, c.sock.kind
	if s.kind == plainTCP && c.exposed.Load() {
		s.kind = otherStream
	}
	if c.sock.isShared() {
		s.share()
	}
	return s, nil
}
