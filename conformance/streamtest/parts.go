package streamtest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// conn is the interface of *stream.Conn that cases use.
type conn interface {
	net.Conn
	io.ReaderFrom
	io.WriterTo
	CloseRead() error
	CloseWrite() error
	TryReadv(segs [][]byte) (int, error)
	TryWritev(segs [][]byte) (int, error)
	Writev(v *net.Buffers) (int64, error)
	ShortReadDrains() bool
	WaitRead() error
	WaitWrite() error
	SetReadBuffer(n int) error
	SetWriteBuffer(n int) error
	SyscallConn() (syscall.RawConn, error)
	Release() (sys.Handle, error)
	ReleaseSocket() (stream.Socket, error)
	File() (*os.File, error)
	ReleaseFile() (*os.File, error)
	SetKeepAlivePeriod(d time.Duration) error
	SetKeepAliveConfig(config net.KeepAliveConfig) error
	SetLinger(seconds int) error
}

// listener is the interface of *stream.Listener that cases use.
type listener interface {
	net.Listener
	AddrPort() netip.AddrPort
	AcceptSocket() (stream.Socket, netip.AddrPort, error)
	TryAccept() (stream.Socket, netip.AddrPort, error)
	SetDeadline(t time.Time) error
	AcceptOn(w stream.Waiter) (*stream.Conn, error)
	AcceptBatch(to []stream.Accepted) (int, error)
	Accepts() uint64
	File() (*os.File, error)
	SetUnlinkOnClose(unlink bool)
}

// dialer is the interface of *stream.Dialer that cases use.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	Connect(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error)
	ConnectUnix(ctx context.Context, name string) (*stream.Conn, error)
}

// socket is the interface of *stream.Socket that cases use.
type socket interface {
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	TryReadv(segs [][]byte) (int, error)
	TryWritev(segs [][]byte) (int, error)
	Bind(addr netip.AddrPort) error
	StartConnect(addr netip.AddrPort) error
	FinishConnect() error
	TryAccept() (stream.Socket, netip.AddrPort, error)
	CloseWrite() error
	Handle() sys.Handle
	Close() error
}

// link is the interface of *stream.Link that cases use.
type link interface {
	Begin(t stream.Transferrer)
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	TryReadv(segs [][]byte) (int, error)
	TryWritev(segs [][]byte) (int, error)
	ShortReadDrains(readiness interface{ ShortReadDrains() bool }) bool
	CloseWrite() error
	Close() error
}

// parts creates what is under test. The zero value creates that of package stream. Mutants add
// decorators.
type parts struct {
	restful  time.Duration // how long to look for callers that spin; zero selects restfulTime
	conn     func(conn) conn
	listener func(listener) listener
	waits    func(stream.Waiter) stream.Waiter // the Waiter that a listener waits with
	dialer   func(dialer) dialer
	socket   func(socket) socket
	adopt    func(sys.Handle) (stream.Socket, error)
	copy     func(syscall.Conn) (stream.Socket, error)
	queue    func(*stream.WriteQueue) writeQueue
	secure   func(*stream.WriteQueue, *tls.Config) (secure, error)

	transfer func(stream.Transfer) stream.Transfer
	link     func(link) link

	yield     func(ask func() error) func() error
	tlsSocket func(context.Context, tlsShake, *stream.Conn, *tls.Config) (tlsSocket, error)

	listenConfig func(*stream.ListenConfig) listenConfig
	inherits     inheritance

	packet    func(packetConn) packetConn
	datagrams func(datagrams) datagrams
}

func (p parts) adopted(h sys.Handle) (stream.Socket, error) {
	if p.adopt == nil {
		return stream.Adopt(h)
	}
	return p.adopt(h)
}

func (p parts) copied(c syscall.Conn) (stream.Socket, error) {
	if p.copy == nil {
		return stream.AdoptDuplicate(c)
	}
	return p.copy(c)
}

func (p parts) newConn(s stream.Socket, w stream.Waiter) (conn, error) {
	c, err := stream.NewConn(s, w)
	if err != nil || p.conn == nil {
		return c, err
	}
	return p.conn(c), nil
}

func (p parts) newListener(w stream.Waiter, addr netip.AddrPort, config stream.ListenOptions) (listener, error) {
	if p.waits != nil {
		w = p.waits(w)
	}
	l, err := stream.Listen(w, addr, config)
	if err != nil || p.listener == nil {
		return l, err
	}
	return p.listener(l), nil
}

func (p parts) newUnixListener(w stream.Waiter, name string, config stream.ListenOptions) (listener, error) {
	l, err := stream.ListenUnix(w, name, config)
	if err != nil || p.listener == nil {
		return l, err
	}
	return p.listener(l), nil
}

func (p parts) newDialer(d *stream.Dialer) dialer {
	if p.dialer == nil {
		return d
	}
	return p.dialer(d)
}

func (p parts) newLink(l *stream.Link) link {
	if p.link == nil {
		return l
	}
	return p.link(l)
}

func (p parts) newSocket(s *stream.Socket) socket {
	if p.socket == nil {
		return s
	}
	return p.socket(s)
}
