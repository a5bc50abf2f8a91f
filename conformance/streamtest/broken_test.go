package streamtest

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// The types below are correct except for the functions that are set.

type brokenWaiter struct {
	stream.Waiter
	register func(h sys.Handle) (stream.Source, error)
	wait     func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error
	wake     func(s stream.Select)
	close    func(s stream.Select) error
}

func (b *brokenWaiter) Register(h sys.Handle) (stream.Source, error) { return b.register(h) }

func (b *brokenWaiter) NewSelect() stream.Select {
	return &brokenSelect{Select: b.Waiter.(stream.Selector).NewSelect(), wait: b.wait, wake: b.wake, close: b.close}
}

// brokenSelect belongs to a brokenWaiter, whose registrations are brokenRegistrations.
type brokenSelect struct {
	stream.Select
	wait  func(s stream.Select, wanted []stream.Readiness, deadline time.Time) error
	wake  func(s stream.Select)
	close func(s stream.Select) error
}

func (b *brokenSelect) Wait(wanted []stream.Readiness, deadline time.Time) error {
	if b.wait != nil {
		return b.wait(b.Select, unwrapped(wanted), deadline)
	}
	return b.Select.Wait(unwrapped(wanted), deadline)
}

func (b *brokenSelect) Wake() {
	if b.wake != nil {
		b.wake(b.Select)
		return
	}
	b.Select.Wake()
}

func (b *brokenSelect) Close() error {
	if b.close != nil {
		return b.close(b.Select)
	}
	return b.Select.Close()
}

type brokenSource struct {
	stream.Source
	handle    sys.Handle
	wait      func(d sys.Direction, deadline time.Time) error
	interrupt func(d sys.Direction)
	drains    func() bool
	close     func() error
}

func (b *brokenSource) unwrap() stream.Source { return b.Source }

func (b *brokenSource) Wait(d sys.Direction, deadline time.Time) error {
	if b.wait != nil {
		return b.wait(d, deadline)
	}
	return b.Source.Wait(d, deadline)
}

func (b *brokenSource) Interrupt(d sys.Direction) {
	if b.interrupt != nil {
		b.interrupt(d)
		return
	}
	b.Source.Interrupt(d)
}

// MayBlock and Suspend are those of the source, or of one that suspends goroutines.
func (b *brokenSource) MayBlock() bool {
	m, ok := b.Source.(stream.MayBlocker)
	return !ok || m.MayBlock()
}

func (b *brokenSource) Suspend(start func(resume func())) error {
	if s, ok := b.Source.(stream.Suspender); ok {
		return s.Suspend(start)
	}
	resumed := make(chan struct{})
	start(func() { close(resumed) })
	<-resumed
	return nil
}

func (b *brokenSource) ShortReadDrains() bool {
	if b.drains != nil {
		return b.drains()
	}
	return b.Source.ShortReadDrains()
}

func (b *brokenSource) Transfer() stream.Transfer { return transferOf(b.Source) }

func (b *brokenSource) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Source.Close()
}

type brokenConn struct {
	conn
	file             func() (*os.File, error)
	raw              func() (syscall.RawConn, error)
	release          func() (sys.Handle, error)
	releaseSocket    func() (stream.Socket, error)
	read             func(p []byte) (int, error)
	readFrom         func(r io.Reader) (int64, error)
	write            func(p []byte) (int, error)
	tryReadv         func(segs [][]byte) (int, error)
	writev           func(v *net.Buffers) (int64, error)
	drains           func() bool
	waitRead         func() error
	closeRead        func() error
	closeWrite       func() error
	close            func() error
	localAddr        func() net.Addr
	setDeadline      func(t time.Time) error
	setReadDeadline  func(t time.Time) error
	setWriteDeadline func(t time.Time) error
}

func (b *brokenConn) Read(p []byte) (int, error) {
	if b.read != nil {
		return b.read(p)
	}
	return b.conn.Read(p)
}

func (b *brokenConn) Write(p []byte) (int, error) {
	if b.write != nil {
		return b.write(p)
	}
	return b.conn.Write(p)
}

func (b *brokenConn) TryReadv(segs [][]byte) (int, error) {
	if b.tryReadv != nil {
		return b.tryReadv(segs)
	}
	return b.conn.TryReadv(segs)
}

func (b *brokenConn) Writev(v *net.Buffers) (int64, error) {
	if b.writev != nil {
		return b.writev(v)
	}
	return b.conn.Writev(v)
}

func (b *brokenConn) ShortReadDrains() bool {
	if b.drains != nil {
		return b.drains()
	}
	return b.conn.ShortReadDrains()
}

func (b *brokenConn) WaitRead() error {
	if b.waitRead != nil {
		return b.waitRead()
	}
	return b.conn.WaitRead()
}

func (b *brokenConn) CloseRead() error {
	if b.closeRead != nil {
		return b.closeRead()
	}
	return b.conn.CloseRead()
}

func (b *brokenConn) CloseWrite() error {
	if b.closeWrite != nil {
		return b.closeWrite()
	}
	return b.conn.CloseWrite()
}

func (b *brokenConn) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.conn.Close()
}

func (b *brokenConn) LocalAddr() net.Addr {
	if b.localAddr != nil {
		return b.localAddr()
	}
	return b.conn.LocalAddr()
}

func (b *brokenConn) SetDeadline(t time.Time) error {
	if b.setDeadline != nil {
		return b.setDeadline(t)
	}
	return b.conn.SetDeadline(t)
}

func (b *brokenConn) SetReadDeadline(t time.Time) error {
	if b.setReadDeadline != nil {
		return b.setReadDeadline(t)
	}
	return b.conn.SetReadDeadline(t)
}

func (b *brokenConn) SetWriteDeadline(t time.Time) error {
	if b.setWriteDeadline != nil {
		return b.setWriteDeadline(t)
	}
	return b.conn.SetWriteDeadline(t)
}

func (b *brokenConn) SyscallConn() (syscall.RawConn, error) {
	if b.raw != nil {
		return b.raw()
	}
	return b.conn.SyscallConn()
}

func (b *brokenConn) Release() (sys.Handle, error) {
	if b.release != nil {
		return b.release()
	}
	return b.conn.Release()
}

func (b *brokenConn) ReleaseSocket() (stream.Socket, error) {
	if b.releaseSocket != nil {
		return b.releaseSocket()
	}
	return b.conn.ReleaseSocket()
}

func (b *brokenConn) File() (*os.File, error) {
	if b.file != nil {
		return b.file()
	}
	return b.conn.File()
}

type brokenListener struct {
	listener
	accept       func() (net.Conn, error)
	acceptSocket func() (stream.Socket, netip.AddrPort, error)
	close        func() error
	addr         func() net.Addr
	acceptOn     func(w stream.Waiter) (*stream.Conn, error)
	acceptBatch  func(to []stream.Accepted) (int, error)
	accepts      func() uint64
	unlink       func(unlink bool)
}

func (b *brokenListener) SetUnlinkOnClose(unlink bool) {
	if b.unlink != nil {
		b.unlink(unlink)
		return
	}
	b.listener.SetUnlinkOnClose(unlink)
}

func (b *brokenListener) Addr() net.Addr {
	if b.addr != nil {
		return b.addr()
	}
	return b.listener.Addr()
}

func (b *brokenListener) Accept() (net.Conn, error) {
	if b.accept != nil {
		return b.accept()
	}
	return b.listener.Accept()
}

func (b *brokenListener) AcceptSocket() (stream.Socket, netip.AddrPort, error) {
	if b.acceptSocket != nil {
		return b.acceptSocket()
	}
	return b.listener.AcceptSocket()
}

func (b *brokenListener) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.listener.Close()
}

func (b *brokenListener) AcceptOn(w stream.Waiter) (*stream.Conn, error) {
	if b.acceptOn != nil {
		return b.acceptOn(w)
	}
	return b.listener.AcceptOn(w)
}

func (b *brokenListener) AcceptBatch(to []stream.Accepted) (int, error) {
	if b.acceptBatch != nil {
		return b.acceptBatch(to)
	}
	return b.listener.AcceptBatch(to)
}

func (b *brokenListener) Accepts() uint64 {
	if b.accepts != nil {
		return b.accepts()
	}
	return b.listener.Accepts()
}

type brokenDialer struct {
	dialer
	unix    func(ctx context.Context, name string) (*stream.Conn, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	connect func(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error)
}

func (b *brokenDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if b.dial != nil {
		return b.dial(ctx, network, address)
	}
	return b.dialer.DialContext(ctx, network, address)
}

func (b *brokenDialer) Connect(ctx context.Context, addrs ...netip.AddrPort) (*stream.Conn, error) {
	if b.connect != nil {
		return b.connect(ctx, addrs...)
	}
	return b.dialer.Connect(ctx, addrs...)
}

func (b *brokenDialer) ConnectUnix(ctx context.Context, name string) (*stream.Conn, error) {
	if b.unix != nil {
		return b.unix(ctx, name)
	}
	return b.dialer.ConnectUnix(ctx, name)
}

type brokenSocket struct {
	socket
	tryReadv  func(segs [][]byte) (int, error)
	tryWritev func(segs [][]byte) (int, error)
	handle    func() sys.Handle
	start     func(addr netip.AddrPort) error
	finish    func() error
	tryAccept func() (stream.Socket, netip.AddrPort, error)
}

func (b *brokenSocket) TryAccept() (stream.Socket, netip.AddrPort, error) {
	if b.tryAccept != nil {
		return b.tryAccept()
	}
	return b.socket.TryAccept()
}

func (b *brokenSocket) TryReadv(segs [][]byte) (int, error) {
	if b.tryReadv != nil {
		return b.tryReadv(segs)
	}
	return b.socket.TryReadv(segs)
}

func (b *brokenSocket) TryWritev(segs [][]byte) (int, error) {
	if b.tryWritev != nil {
		return b.tryWritev(segs)
	}
	return b.socket.TryWritev(segs)
}

func (b *brokenSocket) Handle() sys.Handle {
	if b.handle != nil {
		return b.handle()
	}
	return b.socket.Handle()
}

func (b *brokenSocket) StartConnect(addr netip.AddrPort) error {
	if b.start != nil {
		return b.start(addr)
	}
	return b.socket.StartConnect(addr)
}

func (b *brokenSocket) FinishConnect() error {
	if b.finish != nil {
		return b.finish()
	}
	return b.socket.FinishConnect()
}
