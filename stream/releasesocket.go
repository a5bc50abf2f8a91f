package stream

// ReleaseSocket is [Conn.Release] for callers that continue with Try operations only. It returns
// the Socket itself with all that is known of it, and does not have the limits of [Adopt]. The
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
