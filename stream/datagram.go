package stream

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// Message is one datagram of a batch: its bytes, its sender or receiver, its control messages, and
// whether it was cut.
type Message = sys.Message

// MaxBatch is the maximum number of datagrams per call of [Socket.TryReadBatch] or
// [Socket.TryWriteBatch].
const MaxBatch = sys.MaxMessages

// ErrTruncated is returned with a datagram that was longer than the buffer. The buffer holds its
// beginning, and the rest is lost. The next call gets the next datagram. Any sender can cause this
// error, so a server should continue after it: the error is Temporary and not a Timeout.
var ErrTruncated error = truncatedError{}

type truncatedError struct{}

func (truncatedError) Error() string   { return "stream: datagram truncated: longer than the buffer" }
func (truncatedError) Timeout() bool   { return false }
func (truncatedError) Temporary() bool { return true }

// ErrPeerFull is returned by a send to a unix-domain socket whose receive queue is full, if no
// event would report room there. The system sets the length of that queue (net.unix.max_dgram_qlen
// on Linux). On Linux an event reports room only to a socket that is connected to the receiver; on
// other systems none does.
//
// Nothing was sent. The caller decides whether to retry and how long to pause. On Linux, if the
// sender sends by name, the full buffer may instead be its own. It is a syscall.ENOBUFS.
var ErrPeerFull = fmt.Errorf("stream: receive queue of the peer is full: %w", syscall.ENOBUFS)

var (
	errNoDatagrams = fmt.Errorf("stream: not a datagram socket: %w", errors.ErrUnsupported)
	errDatagrams   = fmt.Errorf("stream: datagram socket, want a stream: %w", errors.ErrUnsupported)
)

// datagramKind is the kind of datagrams that a socket transfers, if any.
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

// OpenUDP opens a UDP socket that is non-blocking and close-on-exec from birth. It is neither bound
// nor connected. [Socket.Bind] makes it receive. [Socket.StartConnect] selects its only peer and
// has its outcome at once. An IPv6 socket also sends to IPv4 addresses unless the system separates
// the families, as OpenBSD does.
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

// OpenUnixgram opens a unix-domain datagram socket that is non-blocking and close-on-exec from
// birth. [Socket.BindUnix] gives it a name; without a name no peer can answer it.
// [Socket.StartConnectUnix] selects its only peer and has its outcome at once.
func OpenUnixgram() (Socket, error) {
	h, err := sys.UnixgramSocket()
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.datagrams = unixDatagrams
	return s, nil
}

// TryReadFrom receives one datagram into p. It returns the number of bytes and the address of the
// sender. For a unix-domain socket the address is the zero AddrPort; [Socket.TryReadBatch] returns
// the name. Zero bytes mean an empty datagram, not an end.
//
// TryReadFrom returns sys.ErrWouldBlock if no datagram is there. It returns [ErrTruncated] with a
// datagram that was longer than p. p may be empty.
//
// If no socket listens at the peer of a connected UDP socket, the network may answer. Each answer
// causes one ECONNREFUSED from the next call, reading or writing. The socket remains usable
// afterwards. The report may be late or missing, and Windows never makes it. A socket that is not
// connected gets no such report.
func (s *Socket) TryReadFrom(p []byte) (int, netip.AddrPort, error) {
	m := Message{Buffer: p}
	if err := s.tryReceive(&m); err != nil {
		return 0, netip.AddrPort{}, err
	}
	return m.N, m.Addr, fate(&m)
}

// TryWriteTo sends p as one datagram to an address, or to the peer of a connected socket if to is
// the zero AddrPort. It sends all of p and returns len(p), or sends nothing. An empty p is a
// datagram like any other. It returns sys.ErrWouldBlock while the kernel has no room, and EMSGSIZE
// if p is longer than a datagram can be.
//
// Success does not mean that the datagram arrives. If the queue of the network interface is full,
// Linux drops the datagram without an error. macOS and the BSDs return ENOBUFS in that case
// (send(2)), and TryWriteTo returns it unchanged. The socket stays writable, so there is no event
// to wait for. By the time there is room, another datagram may be worth more than this one.
func (s *Socket) TryWriteTo(p []byte, to netip.AddrPort) (int, error) {
	m := Message{Buffer: p, Addr: to}
	if err := s.trySend(&m); err != nil {
		return 0, err
	}
	return len(p), nil
}

// TryReadBatch receives datagrams into the first elements of ms, at most [MaxBatch], and returns
// how many. Truncated marks datagrams that were cut. A Message with Control also receives control
// messages.
//
// It returns sys.ErrWouldBlock only if it received none. Only sys.ErrWouldBlock proves that no more
// datagrams are there; a short batch does not. If another error comes with received datagrams, the
// caller handles the datagrams first.
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

// TryWriteBatch sends the first elements of ms, at most [MaxBatch], each as TryWriteTo does and
// with its control messages. It returns how many the kernel took, and sys.ErrWouldBlock only if the
// kernel took none.
//
// Any other error concerns the first datagram that was not sent, or is an answer to an earlier one.
// If some datagrams were sent, the next call may return the error instead. On Linux it may be lost
// with an answer to those datagrams. If a unix-domain receiver is full, the error is [ErrPeerFull],
// or sys.ErrWouldBlock if an event reports room.
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
	defer s.release() // even if m is nil and the call panics
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

// sendError distinguishes a wait that an event will end from one that no event would end.
func (s *Socket) sendError(err error, m *Message) error {
	if s.datagrams == unixDatagrams && (err == sys.ErrWouldBlock && m.Name != "" || errors.Is(err, syscall.ENOBUFS)) {
		return ErrPeerFull
	}
	return err
}

// recvDatagram is recv for a datagram socket. The caller keeps the handle open.
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

// sendDatagram is send for a datagram socket. The caller keeps the handle open.
func (s *Socket) sendDatagram(p []byte) (int, error) {
	m := Message{Buffer: p}
	if err := sys.SendMessage(s.handle, s.datagrams.family(), &m); err != nil {
		return 0, s.sendError(err, &m)
	}
	return len(p), nil
}

// fate returns ErrTruncated if a datagram that was received alone was cut.
func fate(m *Message) error {
	if m.Truncated {
		return ErrTruncated
	}
	return nil
}
