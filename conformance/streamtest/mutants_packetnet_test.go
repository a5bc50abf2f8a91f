package streamtest

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"os"
	"path"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
)

// netPackets is correct except for the functions that are set.
type netPackets struct {
	packetConn
	readFromUDP   func(p []byte) (int, *net.UDPAddr, error)
	readMsg       func(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	writeMsg      func(p, oob []byte, to netip.AddrPort) (n, oobn int, err error)
	readMsgUnix   func(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error)
	writeMsgUnix  func(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error)
	setReadBuffer func(n int) error
	file          func() (*os.File, error)
}

func (b *netPackets) ReadFromUDP(p []byte) (int, *net.UDPAddr, error) {
	if b.readFromUDP != nil {
		return b.readFromUDP(p)
	}
	return b.packetConn.ReadFromUDP(p)
}

func (b *netPackets) ReadMsgUDP(p, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	n, oobn, flags, addr, err := b.ReadMsgUDPAddrPort(p, oob)
	if addr.IsValid() {
		from = net.UDPAddrFromAddrPort(addr)
	}
	return n, oobn, flags, from, err
}

func (b *netPackets) ReadMsgUDPAddrPort(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	if b.readMsg != nil {
		return b.readMsg(p, oob)
	}
	return b.packetConn.ReadMsgUDPAddrPort(p, oob)
}

func (b *netPackets) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if b.writeMsg == nil || to != nil && to.Port > math.MaxUint16 {
		return b.packetConn.WriteMsgUDP(p, oob, to)
	}
	return b.writeMsg(p, oob, to.AddrPort())
}

func (b *netPackets) WriteMsgUDPAddrPort(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	if b.writeMsg != nil {
		return b.writeMsg(p, oob, to)
	}
	return b.packetConn.WriteMsgUDPAddrPort(p, oob, to)
}

func (b *netPackets) ReadMsgUnix(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
	if b.readMsgUnix != nil {
		return b.readMsgUnix(p, oob)
	}
	return b.packetConn.ReadMsgUnix(p, oob)
}

func (b *netPackets) WriteMsgUnix(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
	if b.writeMsgUnix != nil {
		return b.writeMsgUnix(p, oob, to)
	}
	return b.packetConn.WriteMsgUnix(p, oob, to)
}

func (b *netPackets) SetReadBuffer(n int) error {
	if b.setReadBuffer != nil {
		return b.setReadBuffer(n)
	}
	return b.packetConn.SetReadBuffer(n)
}

func (b *netPackets) File() (*os.File, error) {
	if b.file != nil {
		return b.file()
	}
	return b.packetConn.File()
}

// netMethods changes the methods of package net of every datagram connection of a Fixture.
func netMethods(change func(b *netPackets)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.packet = func(c packetConn) packetConn {
			b := &netPackets{packetConn: c}
			change(b)
			return b
		}
	}
}

// messageReads changes the results of ReadMsgUDP.
func messageReads(change func(n, oobn, flags int, from netip.AddrPort, err error) (int, int, int, netip.AddrPort, error)) func(f *Fixture) {
	return netMethods(func(b *netPackets) {
		b.readMsg = func(p, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
			return change(b.packetConn.ReadMsgUDPAddrPort(p, oob))
		}
	})
}

// messageWrites replaces WriteMsgUDP.
func messageWrites(write func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error)) func(f *Fixture) {
	return netMethods(func(b *netPackets) {
		b.writeMsg = func(p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			return write(b.packetConn, p, oob, to)
		}
	})
}

func packetNetMutants() []mutant {
	return []mutant{
		broken("ReadFromUDP returns no port", netMethods(func(b *netPackets) {
			b.readFromUDP = func(p []byte) (int, *net.UDPAddr, error) {
				n, from, err := b.packetConn.ReadFromUDP(p)
				if from != nil {
					from.Port = 0
				}
				return n, from, err
			}
		}), "packet/udp-reads"),
		broken("WriteMsgUDP sends nothing if nothing is to be sent", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			if len(p) == 0 {
				return 0, 0, nil
			}
			return c.WriteMsgUDPAddrPort(p, oob, to)
		}), "packet/udp-writes"),
		broken("WriteMsgUDP of a connected socket ignores the address", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			if c.RemoteAddr() != nil {
				to = netip.AddrPort{}
			}
			return c.WriteMsgUDPAddrPort(p, oob, to)
		}), "packet/udp-peers"),
		broken("WriteMsgUDP of a connected socket needs the address", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			if !to.IsValid() {
				return 0, 0, &net.OpError{Op: "write", Net: packetNetwork, Err: errBroken}
			}
			return c.WriteMsgUDPAddrPort(p, oob, to)
		}), "packet/udp-peers"),
		broken("ReadMsgUDP of a long datagram fails", messageReads(func(n, oobn, flags int, from netip.AddrPort, err error) (int, int, int, netip.AddrPort, error) {
			if flags != 0 {
				err = stream.ErrTruncated
			}
			return n, oobn, flags, from, err
		}), "packet/udp-truncated"),
		broken("ReadMsgUDP has no flags", messageReads(func(n, oobn, _ int, from netip.AddrPort, err error) (int, int, int, netip.AddrPort, error) {
			return n, oobn, 0, from, err
		}), "packet/control-truncated"),
		broken("a late ReadMsgUDP is one of a closed connection", messageReads(func(n, oobn, flags int, from netip.AddrPort, err error) (int, int, int, netip.AddrPort, error) {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = &net.OpError{Op: "read", Net: packetNetwork, Err: net.ErrClosed}
			}
			return n, oobn, flags, from, err
		}), "packet/udp-ends"),
		broken("WriteMsgUDP is a write", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			n, oobn, err = c.WriteMsgUDPAddrPort(p, oob, to)
			if call := (*os.SyscallError)(nil); errors.As(err, &call) {
				call.Syscall = "write"
			}
			return n, oobn, err
		}), "packet/udp-errors"),
		broken("a UDP socket has names", netMethods(func(b *netPackets) {
			b.readMsgUnix = func(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
				if _, ok := b.packetConn.LocalAddr().(*net.UDPAddr); ok {
					return 0, 0, 0, nil, nil
				}
				return b.packetConn.ReadMsgUnix(p, oob)
			}
		}), "packet/udp-kind"),
		broken("a receive buffer has a least size", netMethods(func(b *netPackets) {
			b.setReadBuffer = func(n int) error {
				if n <= 0 {
					return syscall.EINVAL
				}
				return b.packetConn.SetReadBuffer(n)
			}
		}), "packet/options-as-net"),
		broken("the file of datagrams takes the connection along", netMethods(func(b *netPackets) {
			b.file = func() (*os.File, error) {
				f, err := b.packetConn.File()
				if err == nil {
					err = b.packetConn.Close()
				}
				return f, err
			}
		}), "packet/file"),
		broken("control messages are not received", messageReads(func(n, _, flags int, from netip.AddrPort, err error) (int, int, int, netip.AddrPort, error) {
			return n, 0, flags, from, err
		}), "packet/ecn"),
		broken("control messages of IPv6 are not sent", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			if !to.Addr().Is6() {
				return c.WriteMsgUDPAddrPort(p, oob, to)
			}
			n, _, err = c.WriteMsgUDPAddrPort(p, nil, to)
			return n, len(oob), err
		}), "packet/ecn6"),
		broken("several datagrams are sent as one", messageWrites(func(c packetConn, p, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
			if len(p) <= segmentSize {
				return c.WriteMsgUDPAddrPort(p, oob, to)
			}
			n, _, err = c.WriteMsgUDPAddrPort(p, nil, to)
			return n, len(oob), err
		}), "packet/segments"),
		broken("ReadMsgUnix returns paths without a folder", netMethods(func(b *netPackets) {
			b.readMsgUnix = func(p, oob []byte) (n, oobn, flags int, from *net.UnixAddr, err error) {
				n, oobn, flags, from, err = b.packetConn.ReadMsgUnix(p, oob)
				if from != nil {
					from.Name = path.Base(from.Name)
				}
				return n, oobn, flags, from, err
			}
		}), "packet/unix-methods"),
		broken("WriteMsgUnix has no peer", netMethods(func(b *netPackets) {
			b.writeMsgUnix = func(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
				if b.packetConn.RemoteAddr() != nil {
					return 0, 0, &net.OpError{Op: "write", Net: unixgramNetwork, Err: net.ErrWriteToConnected} // as in package net
				}
				return b.packetConn.WriteMsgUnix(p, oob, to)
			}
		}), "packet/unix-peers"),
		broken("WriteMsgUnix passes no descriptors", netMethods(func(b *netPackets) {
			b.writeMsgUnix = func(p, oob []byte, to *net.UnixAddr) (n, oobn int, err error) {
				n, _, err = b.packetConn.WriteMsgUnix(p, nil, to)
				return n, len(oob), err
			}
		}), "packet/descriptors"),
	}
}
