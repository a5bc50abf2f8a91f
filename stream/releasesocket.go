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
	s.file, s.datagrams, s.tcp = c.sock.file, c.sock.datagrams, c.sock.tcp && !c.exposed.Load()
	if c.sock.isShared() {
		s.share()
	}
	return s, nil
}
