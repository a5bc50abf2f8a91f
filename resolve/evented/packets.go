package evented

import "net"

// packets moves datagrams over a connected socket. One goroutine receives, another one sends.
type packets interface {
	// Receive waits for datagrams and returns how many there are. An error comes without datagrams.
	Receive() (int, error)
	// Datagram returns datagram i of the last call of Receive, and whether its end is missing.
	Datagram(i int) (message []byte, cut bool)
	// Release ends the use of the datagrams of the last call of Receive.
	Release()

	// Add adds a datagram to the next call of Send. It returns false if there is no room. The
	// datagram must not change before Send has succeeded.
	Add(message []byte) bool
	// Send sends what was added. After an error, the datagrams that were not sent remain, except if
	// the socket is closed.
	Send() error
	// Drop leaves out the first datagram that remains.
	Drop()
}

// single moves one datagram at a time, over any connection.
type single struct {
	conn   net.Conn
	buffer []byte
	n      int
	out    []byte // nil: nothing was added
}

// newSingle returns a single for datagrams of at most size bytes.
func newSingle(conn net.Conn, size int) *single {
	return &single{conn: conn, buffer: make([]byte, size+1)}
}

func (s *single) Receive() (int, error) {
	n, err := s.conn.Read(s.buffer)
	// Windows reports a datagram that did not fit as an error (WSARecv, WSAEMSGSIZE).
	if err != nil && n < len(s.buffer) {
		return 0, err
	}
	s.n = n
	return 1, nil
}

func (s *single) Datagram(int) (message []byte, cut bool) {
	return s.buffer[:s.n], s.n == len(s.buffer)
}

func (s *single) Release() {}

func (s *single) Add(message []byte) bool {
	if s.out != nil {
		return false
	}
	s.out = message
	return true
}

func (s *single) Send() error {
	if s.out == nil {
		return nil
	}
	if _, err := s.conn.Write(s.out); err != nil {
		return err
	}
	s.out = nil
	return nil
}

func (s *single) Drop() { s.out = nil }
