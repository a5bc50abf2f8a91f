package stream

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// Message is one datagram of a batch: its bytes, the address that it came from or goes to, and
// whether it was cut.
type Message = sys.Message

// MaxBatch is how many datagrams one call of [Socket.TryReadBatch] or [Socket.TryWriteBatch] moves.
const MaxBatch = sys.MaxMessages

// ErrTruncated is returned with a datagram that was longer than the room for it: the room is full
// of its beginning, and the rest is lost. The next call gets the next datagram. Anybody may send
// such a one, so that a server goes on after it: it is Temporary, and no Timeout.
var ErrTruncated error = truncatedError{}

type truncatedError struct{}

func (truncatedError) Error() string   { return "stream: a datagram was longer than the room for it" }
func (truncatedError) Timeout() bool   { return false }
func (truncatedError) Temporary() bool { return true }

// ErrPeerFull is the outcome of sending to a unix-domain socket that has as many datagrams waiting
// as its system allows (net.unix.max_dgram_qlen on Linux), when no event would tell of room there:
// always but from a socket that is connected to it, on Linux. What to do, and after which pause, is
// the caller's choice; nothing was sent. On Linux it may as well be the own buffer of a socket that
// sends by name which is full. It is a syscall.ENOBUFS.
var ErrPeerFull = fmt.Errorf("stream: the queue of the receiver is full: %w", syscall.ENOBUFS)

var (
	errNoDatagrams = fmt.Errorf("stream: the socket has no datagrams: %w", errors.ErrUnsupported)
	errDatagrams   = fmt.Errorf("stream: the socket has datagrams, and no stream of bytes: %w", errors.ErrUnsupported)
)

// datagramKind says what datagrams a socket has.
type datagramKind uint8

const (
	noDatagrams datagramKind = iota
	udp4
	udp6
	unixDatagrams
)

func (k datagramKind) family() sys.Family {
	if k == udp6 {
		return sys.IPv6
	}
	return sys.IPv4
}

// OpenUDP opens a UDP socket, non-blocking and close-on-exec from birth. It is neither bound nor
// connected. [Socket.Bind] makes it receive, and [Socket.StartConnect], whose outcome is known at
// once, chooses its one peer. One of IPv6 sends to IPv4 addresses unless the system keeps the
// families apart, as OpenBSD does.
func OpenUDP(f sys.Family) (Socket, error) {
	h, err := sys.UDPSocket(f)
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.datagrams = udp4
	if f == sys.IPv6 {
		s.datagrams = udp6
	}
	return s, nil
}

// OpenUnixgram opens a unix-domain datagram socket, non-blocking and close-on-exec from birth.
// [Socket.BindUnix] gives it a name, without which nobody can answer it, and
// [Socket.StartConnectUnix], whose outcome is known at once, chooses its one peer.
func OpenUnixgram() (Socket, error) {
	h, err := sys.UnixgramSocket()
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.datagrams = unixDatagrams
	return s, nil
}

// TryReadFrom receives one datagram into p, and returns how many bytes it had and the address of
// its sender, which is the zero AddrPort for a unix-domain socket ([Socket.TryReadBatch] has its
// name). Zero bytes are a datagram without bytes, not an end. It returns sys.ErrWouldBlock when
// there is no datagram, and [ErrTruncated] with one that was longer than p, which may be empty.
//
// A connected UDP socket is told that nobody listens at its peer: by one ECONNREFUSED for each
// answer of the network, from whichever call comes next, reading or writing, and goes on
// afterwards. It may be told late, or never, and on Windows never. A socket that is not connected
// is told nothing.
func (s *Socket) TryReadFrom(p []byte) (int, netip.AddrPort, error) {
	m := Message{Buffer: p}
	if err := s.tryReceive(&m); err != nil {
		return 0, netip.AddrPort{}, err
	}
	return m.N, m.Addr, fate(&m)
}

// TryWriteTo sends p as one datagram to an address, or to the peer of a connected socket if that is
// the zero AddrPort: all of it, and returns len(p), or none. An empty p is a datagram too. It
// returns sys.ErrWouldBlock while the kernel has no room, and EMSGSIZE for more than a datagram can
// have.
//
// That it was sent does not say that it arrives. Linux drops it without a word when the queue of
// the network interface is full; the BSDs with macOS return ENOBUFS then (send(2)), which is
// returned as it is: the socket stays writable, so that there is nothing to wait for, and another
// datagram may be worth more than this one by the time there is room.
func (s *Socket) TryWriteTo(p []byte, to netip.AddrPort) (int, error) {
	m := Message{Buffer: p, Addr: to}
	if err := s.trySend(&m); err != nil {
		return 0, err
	}
	return len(p), nil
}

// TryReadBatch receives datagrams into the first of ms, at most [MaxBatch], and returns how many.
// Those that were cut say so by Truncated. It returns sys.ErrWouldBlock only if there was none;
// nothing else proves that there are no more, not a batch that is short either. When another error
// comes with some that were received, these are to be dealt with first.
func (s *Socket) TryReadBatch(ms []Message) (int, error) {
	if s.datagrams == noDatagrams {
		return 0, errNoDatagrams
	}
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	return sys.RecvMessages(s.handle, ms)
}

// TryWriteBatch sends the first of ms, at most [MaxBatch], each as TryWriteTo does, and returns how
// many the kernel took. It returns sys.ErrWouldBlock only if it took none. Another error is about
// the first that was not sent, or is an answer to an earlier one; if some were sent, it may be left
// to the next call, or, on Linux, be lost with an answer to those. A unix-domain receiver that is
// full is [ErrPeerFull], or sys.ErrWouldBlock where an event tells of room.
func (s *Socket) TryWriteBatch(ms []Message) (int, error) {
	if s.datagrams == noDatagrams {
		return 0, errNoDatagrams
	}
	if err := s.acquire(); err != nil {
		return 0, err
	}
	defer s.release()
	n, err := sys.SendMessages(s.handle, s.datagrams.family(), ms)
	if err != nil {
		err = s.sendError(err, &ms[n])
	}
	return n, err
}

func (s *Socket) tryReceive(m *Message) error {
	if s.datagrams == noDatagrams {
		return errNoDatagrams
	}
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release() // also when m is nil, and this panics
	return sys.RecvMessage(s.handle, m)
}

func (s *Socket) trySend(m *Message) error {
	if s.datagrams == noDatagrams {
		return errNoDatagrams
	}
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	err := sys.SendMessage(s.handle, s.datagrams.family(), m)
	if err != nil {
		err = s.sendError(err, m)
	}
	return err
}

// sendError tells a wait that an event will end from one that none would.
func (s *Socket) sendError(err error, m *Message) error {
	if s.datagrams == unixDatagrams && (err == sys.ErrWouldBlock && m.Name != "" || errors.Is(err, syscall.ENOBUFS)) {
		return ErrPeerFull
	}
	return err
}

// recvDatagram is recv of a datagram socket, whose handle is kept open.
func (s *Socket) recvDatagram(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	m := Message{Buffer: p}
	if err := sys.RecvMessage(s.handle, &m); err != nil {
		return 0, err
	}
	return m.N, fate(&m)
}

// sendDatagram is send of a datagram socket, whose handle is kept open.
func (s *Socket) sendDatagram(p []byte) (int, error) {
	m := Message{Buffer: p}
	if err := sys.SendMessage(s.handle, s.datagrams.family(), &m); err != nil {
		return 0, s.sendError(err, &m)
	}
	return len(p), nil
}

// fate returns what happened to a datagram that was received alone.
func fate(m *Message) error {
	if m.Truncated {
		return ErrTruncated
	}
	return nil
}
