package stream

// ReleaseSocket is [Conn.Release] for who goes on with tries alone: it gives the socket itself,
// with what is known of it, and is not limited to what [Adopt] takes. The registration has ended
// when it returns; deadlines that were set do not go with the socket.
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
