package streamtest

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// brokenPackets is correct except for the functions that are set.
type brokenPackets struct {
	packetConn
	read         func(p []byte) (int, netip.AddrPort, error)
	readFrom     func(p []byte) (int, net.Addr, error)
	readBatch    func(ms []stream.Message) (int, error)
	write        func(p []byte) (int, error)
	writeTo      func(p []byte, to net.Addr) (int, error)
	writeBatch   func(ms []stream.Message) (int, error)
	remote       func() net.Addr
	raw          func() (syscall.RawConn, error)
	tryReadBatch func(ms []stream.Message) (int, error)
	close        func() error
	release      func() (sys.Handle, error)
}

func (b *brokenPackets) Read(p []byte) (int, error) {
	if b.read != nil && len(p) > 0 {
		n, _, err := b.read(p)
		return n, err
	}
	return b.packetConn.Read(p)
}

func (b *brokenPackets) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	if b.read != nil {
		return b.read(p)
	}
	return b.packetConn.ReadFromAddrPort(p)
}

func (b *brokenPackets) ReadFrom(p []byte) (int, net.Addr, error) {
	if b.readFrom != nil {
		return b.readFrom(p)
	}
	return b.packetConn.ReadFrom(p)
}

func (b *brokenPackets) ReadBatch(ms []stream.Message) (int, error) {
	if b.readBatch != nil {
		return b.readBatch(ms)
	}
	return b.packetConn.ReadBatch(ms)
}

func (b *brokenPackets) Write(p []byte) (int, error) {
	if b.write != nil {
		return b.write(p)
	}
	return b.packetConn.Write(p)
}

func (b *brokenPackets) WriteTo(p []byte, to net.Addr) (int, error) {
	if b.writeTo != nil {
		return b.writeTo(p, to)
	}
	return b.packetConn.WriteTo(p, to)
}

func (b *brokenPackets) WriteBatch(ms []stream.Message) (int, error) {
	if b.writeBatch != nil {
		return b.writeBatch(ms)
	}
	return b.packetConn.WriteBatch(ms)
}

func (b *brokenPackets) RemoteAddr() net.Addr {
	if b.remote != nil {
		return b.remote()
	}
	return b.packetConn.RemoteAddr()
}

func (b *brokenPackets) SyscallConn() (syscall.RawConn, error) {
	if b.raw != nil {
		return b.raw()
	}
	return b.packetConn.SyscallConn()
}

func (b *brokenPackets) TryReadBatch(ms []stream.Message) (int, error) {
	if b.tryReadBatch != nil {
		return b.tryReadBatch(ms)
	}
	return b.packetConn.TryReadBatch(ms)
}

func (b *brokenPackets) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.packetConn.Close()
}

func (b *brokenPackets) Release() (sys.Handle, error) {
	if b.release != nil {
		return b.release()
	}
	return b.packetConn.Release()
}

type brokenDatagrams struct {
	datagrams
	readFrom func(p []byte) (int, netip.AddrPort, error)
	readv    func(segs [][]byte) (int, error)
}

func (b *brokenDatagrams) TryReadFrom(p []byte) (int, netip.AddrPort, error) {
	if b.readFrom != nil {
		return b.readFrom(p)
	}
	return b.datagrams.TryReadFrom(p)
}

func (b *brokenDatagrams) TryReadv(segs [][]byte) (int, error) {
	if b.readv != nil {
		return b.readv(segs)
	}
	return b.datagrams.TryReadv(segs)
}

// packets changes every datagram connection of a Fixture.
func packets(change func(b *brokenPackets)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.packet = func(c packetConn) packetConn {
			b := &brokenPackets{packetConn: c}
			change(b)
			return b
		}
	}
}

// packetReads changes the results of Read and ReadFromAddrPort.
func packetReads(change func(b *brokenPackets, p []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error)) func(f *Fixture) {
	return packets(func(b *brokenPackets) {
		b.read = func(p []byte) (int, netip.AddrPort, error) {
			n, from, err := b.packetConn.ReadFromAddrPort(p)
			return change(b, p, n, from, err)
		}
	})
}

// packetReadsInto replaces Read, if it has room, and ReadFromAddrPort.
func packetReadsInto(read func(b *brokenPackets, p []byte) (int, netip.AddrPort, error)) func(f *Fixture) {
	return packets(func(b *brokenPackets) {
		b.read = func(p []byte) (int, netip.AddrPort, error) { return read(b, p) }
	})
}

func triesOfDatagrams(change func(b *brokenDatagrams)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.datagrams = func(s datagrams) datagrams {
			b := &brokenDatagrams{datagrams: s}
			change(b)
			return b
		}
	}
}

func packetMutants() []mutant {
	return []mutant{
		broken("a read of five bytes gets what follows too", packetReads(func(b *brokenPackets, p []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			more := []stream.Message{{Buffer: p[n:]}}
			if err == nil && n == 5 {
				if got, e := b.packetConn.TryReadBatch(more); got == 1 && e == nil {
					n += more[0].N
				}
			}
			return n, from, err
		}), "packet/bounds"),
		broken("a datagram of five bytes loses one", packetReads(func(_ *brokenPackets, _ []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if n == 5 {
				n--
			}
			return n, from, err
		}), "packet/waits"),
		broken("a try counts one too few", packets(func(b *brokenPackets) {
			b.tryReadBatch = func(ms []stream.Message) (int, error) {
				n, err := b.packetConn.TryReadBatch(ms)
				return max(n-1, 0), err
			}
		}), "packet/drain"),
		broken("an empty datagram is the end", packetReads(func(_ *brokenPackets, p []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if n == 0 && len(p) > 0 && err == nil {
				err = io.EOF
			}
			return n, from, err
		}), "packet/empty"),
		broken("datagrams are cut without a word", packetReads(func(_ *brokenPackets, _ []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if errors.Is(err, stream.ErrTruncated) {
				err = nil
			}
			return n, from, err
		}), "packet/truncated"),
		broken("no room is no datagram", packetReadsInto(func(b *brokenPackets, p []byte) (int, netip.AddrPort, error) {
			if len(p) == 0 {
				return 0, netip.AddrPort{}, nil
			}
			return b.packetConn.ReadFromAddrPort(p)
		}), "packet/no-room"),
		broken("senders have no port", packets(func(b *brokenPackets) {
			b.readFrom = func(p []byte) (int, net.Addr, error) {
				n, from, err := b.packetConn.ReadFrom(p)
				if a, ok := from.(*net.UDPAddr); ok {
					a.Port = 0
				}
				return n, from, err
			}
		}), "packet/addresses"),
		broken("a try of nothing is an empty datagram", triesOfDatagrams(func(b *brokenDatagrams) {
			b.readFrom = func(p []byte) (int, netip.AddrPort, error) {
				n, from, err := b.datagrams.TryReadFrom(p)
				if err == sys.ErrWouldBlock {
					err = nil
				}
				return n, from, err
			}
		}), "packet/tries"),
		broken("segments are filled by a datagram each", triesOfDatagrams(func(b *brokenDatagrams) {
			b.readv = func(segs [][]byte) (int, error) { return b.datagrams.TryRead(segs[0]) }
		}), "packet/kinds"),
		broken("the senders of a batch are that of its first", packets(func(b *brokenPackets) {
			b.readBatch = func(ms []stream.Message) (int, error) {
				n, err := b.packetConn.ReadBatch(ms)
				for i := range n {
					ms[i].Addr = ms[0].Addr
				}
				return n, err
			}
		}), "packet/read-batch"),
		broken("a batch is sent as far as one call goes", packets(func(b *brokenPackets) {
			b.writeBatch = func(ms []stream.Message) (int, error) {
				n, err := b.packetConn.WriteBatch(ms[:min(len(ms), stream.MaxBatch)])
				if err != nil {
					return n, err
				}
				return len(ms), nil
			}
		}), "packet/write-batch"),
		broken("a partial batch counts as sent", packets(func(b *brokenPackets) {
			b.writeBatch = func(ms []stream.Message) (int, error) {
				n, err := b.packetConn.WriteBatch(ms)
				if errors.Is(err, syscall.EMSGSIZE) {
					return len(ms), nil
				}
				return n, err
			}
		}), "packet/partial-batch"),
		broken("connections do not know their peer", packets(func(b *brokenPackets) {
			b.remote = func() net.Addr { return nil }
		}), "packet/connected"),
		broken("what went to nobody ends a read", packets(func(b *brokenPackets) {
			var sent atomic.Bool
			b.read = func(p []byte) (int, netip.AddrPort, error) {
				n, from, err := b.packetConn.ReadFromAddrPort(p)
				if sent.Load() && err == nil && n > 4 {
					err = &net.OpError{Op: "read", Net: packetNetwork, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
				}
				return n, from, err
			}
			b.write = func(p []byte) (int, error) {
				n, err := b.packetConn.Write(p)
				if err != nil {
					sent.Store(true)
				}
				return n, err
			}
		}), "packet/unconnected"),
		broken("a refusal is the end", packetReads(func(_ *brokenPackets, _ []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if errors.Is(err, syscall.ECONNREFUSED) {
				err = &net.OpError{Op: "read", Net: packetNetwork, Err: net.ErrClosed}
			}
			return n, from, err
		}), "packet/refused"),
		broken("readers are sent away", packets(func(b *brokenPackets) {
			one := newSingly()
			b.read = func(p []byte) (int, netip.AddrPort, error) {
				if !one.enter() {
					return 0, netip.AddrPort{}, stream.ErrBusy
				}
				defer one.leave()
				n, from, err := b.packetConn.ReadFromAddrPort(p)
				one.awaitRefusal()
				return n, from, err
			}
		}), "packet/turns"),
		broken("a late read is one of a closed connection", packetReads(func(_ *brokenPackets, _ []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = &net.OpError{Op: "read", Net: packetNetwork, Err: net.ErrClosed}
			}
			return n, from, err
		}), "packet/deadline"),
		broken("a closed connection is late", packetReads(func(_ *brokenPackets, _ []byte, n int, from netip.AddrPort, err error) (int, netip.AddrPort, error) {
			if errors.Is(err, net.ErrClosed) {
				err = &net.OpError{Op: "read", Net: packetNetwork, Err: os.ErrDeadlineExceeded}
			}
			return n, from, err
		}), "packet/close"),
		broken("raw calls are made once", packets(func(b *brokenPackets) {
			b.raw = func() (syscall.RawConn, error) {
				r, err := b.packetConn.SyscallConn()
				return &onceRaw{r}, err
			}
		}), "packet/raw"),
	}
}

func packetUnixMutants() []mutant {
	return []mutant{
		broken("names are paths without a folder", packets(func(b *brokenPackets) {
			b.readFrom = func(p []byte) (int, net.Addr, error) {
				n, from, err := b.packetConn.ReadFrom(p)
				if a, ok := from.(*net.UnixAddr); ok {
					a.Name = a.Name[strings.LastIndexByte(a.Name, '/')+1:]
				}
				return n, from, err
			}
		}), "packet/unix"),
		broken("the path of a datagram socket stays", packets(func(b *brokenPackets) {
			b.close = func() error {
				err := b.packetConn.Close()
				if a := b.packetConn.LocalAddr(); err == nil && a.Network() == unixgramNetwork && a.String() != "" && !strings.HasPrefix(a.String(), "@") {
					os.WriteFile(a.String(), nil, 0o600)
				}
				return err
			}
		}), "packet/unix-path"),
		broken("a full receiver is lost on", packets(func(b *brokenPackets) {
			b.writeTo = func(p []byte, to net.Addr) (int, error) {
				n, err := b.packetConn.WriteTo(p, to)
				if errors.Is(err, stream.ErrPeerFull) {
					return len(p), nil
				}
				return n, err
			}
		}), "packet/unix-full"),
		broken("what waits for room is sent after all", packets(func(b *brokenPackets) {
			b.write = func(p []byte) (int, error) {
				n, err := b.packetConn.Write(p)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					return len(p), nil
				}
				return n, err
			}
		}), "packet/unix-wait"),
	}
}

func packetAdoptMutants() []mutant {
	return []mutant{
		broken("another socket is adopted", func(f *Fixture) {
			f.parts.copy = func(c syscall.Conn) (stream.Socket, error) {
				if _, ok := c.(*net.UDPConn); ok {
					return stream.OpenUDP(sys.IPv4)
				}
				return stream.AdoptDuplicate(c)
			}
		}, "packet/adopt"),
		broken("a release of busy datagrams is none, and does not say so", packets(func(b *brokenPackets) {
			b.release = func() (sys.Handle, error) {
				h, err := b.packetConn.Release()
				if errors.Is(err, stream.ErrBusy) {
					err = nil
				}
				return h, err
			}
		}), "packet/release"),
	}
}
