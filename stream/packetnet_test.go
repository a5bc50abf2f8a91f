package stream_test

import (
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/stream"
)

// Interfaces that libraries look for. A connection that lacks a method is used without control
// messages and batches, or refused.
var (
	// OOBCapablePacketConn of github.com/quic-go/quic-go.
	_ interface {
		net.PacketConn
		SyscallConn() (syscall.RawConn, error)
		SetReadBuffer(int) error
		ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
		WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
	} = (*stream.PacketConn)(nil)

	// The optional methods for which quic-go looks.
	_ interface {
		net.Conn
		SetWriteBuffer(int) error
	} = (*stream.PacketConn)(nil)

	// udpConn of golang.org/x/net/internal/socket, on which ipv4.NewPacketConn and
	// ipv6.NewPacketConn depend. They also need a net.Conn.
	_ interface {
		SyscallConn() (syscall.RawConn, error)
		ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	} = (*stream.PacketConn)(nil)

	// UDPConn of github.com/pion/transport.
	_ interface {
		net.Conn
		net.PacketConn
		SetReadBuffer(bytes int) error
		SetWriteBuffer(bytes int) error
		ReadFromUDP(b []byte) (n int, addr *net.UDPAddr, err error)
		ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
		WriteToUDP(b []byte, addr *net.UDPAddr) (int, error)
		WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
	} = (*stream.PacketConn)(nil)

	// Methods that wireguard-go and similar programs call because they do not allocate.
	_ interface {
		ReadFromUDPAddrPort(b []byte) (n int, addr netip.AddrPort, err error)
		WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
		ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, addr netip.AddrPort, err error)
		WriteMsgUDPAddrPort(b, oob []byte, addr netip.AddrPort) (n, oobn int, err error)
	} = (*stream.PacketConn)(nil)

	// Methods that callers of net.ListenUnixgram use.
	_ interface {
		ReadFromUnix(b []byte) (int, *net.UnixAddr, error)
		WriteToUnix(b []byte, addr *net.UnixAddr) (int, error)
		ReadMsgUnix(b, oob []byte) (n, oobn, flags int, addr *net.UnixAddr, err error)
		WriteMsgUnix(b, oob []byte, addr *net.UnixAddr) (n, oobn int, err error)
		File() (*os.File, error)
	} = (*stream.PacketConn)(nil)
)

// TestAPacketConnHasTheMethodsOfPackageNet finds methods that a new version of Go adds.
func TestAPacketConnHasTheMethodsOfPackageNet(t *testing.T) {
	ours := reflect.TypeFor[*stream.PacketConn]()
	// A UDP socket has no halves. A program that finds CloseWrite takes the connection for a
	// stream.
	notOfDatagrams := []string{"CloseRead", "CloseWrite"}
	for _, measure := range []reflect.Type{reflect.TypeFor[*net.UDPConn](), reflect.TypeFor[*net.UnixConn]()} {
		for i := range measure.NumMethod() {
			want := measure.Method(i)
			got, ok := ours.MethodByName(want.Name)
			switch {
			case slices.Contains(notOfDatagrams, want.Name):
				if ok {
					t.Errorf("%v has %s", ours, want.Name)
				}
			case !ok:
				t.Errorf("%v lacks %s of %v", ours, want.Name, measure)
			case withoutReceiver(got.Type) != withoutReceiver(want.Type):
				t.Errorf("%s: %v, want %v", want.Name, withoutReceiver(got.Type), withoutReceiver(want.Type))
			}
		}
	}
}

// withoutReceiver returns the type of a method's value.
func withoutReceiver(f reflect.Type) reflect.Type {
	var in, out []reflect.Type
	for i := 1; i < f.NumIn(); i++ {
		in = append(in, f.In(i))
	}
	for i := range f.NumOut() {
		out = append(out, f.Out(i))
	}
	return reflect.FuncOf(in, out, f.IsVariadic())
}
