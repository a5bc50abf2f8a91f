package streamtest

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// oddOptions is correct except for the functions that are set.
type oddOptions struct {
	conn
	period      func(d time.Duration) error
	linger      func(seconds int) error
	releaseFile func() (*os.File, error)
}

func (o *oddOptions) SetKeepAlivePeriod(d time.Duration) error {
	if o.period != nil {
		return o.period(d)
	}
	return o.conn.SetKeepAlivePeriod(d)
}

func (o *oddOptions) SetLinger(seconds int) error {
	if o.linger != nil {
		return o.linger(seconds)
	}
	return o.conn.SetLinger(seconds)
}

func (o *oddOptions) ReleaseFile() (*os.File, error) {
	if o.releaseFile != nil {
		return o.releaseFile()
	}
	return o.conn.ReleaseFile()
}

// options changes the options of every connection of a Fixture.
func options(change func(o *oddOptions)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.conn = func(c conn) conn {
			o := &oddOptions{conn: c}
			change(o)
			return o
		}
	}
}

func asNetMutants() []mutant {
	return []mutant{
		broken("a period of zero is refused", options(func(o *oddOptions) {
			o.period = func(d time.Duration) error {
				if d == 0 {
					return syscall.EINVAL
				}
				return o.conn.SetKeepAlivePeriod(d)
			}
		}), "options/as-net"),
		broken("a period is the time between probes", options(func(o *oddOptions) {
			o.period = func(d time.Duration) error {
				return o.conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: -1, Interval: d, Count: -1})
			}
		}), "options/keep-alive"),
		broken("who lingers resets the connection", options(func(o *oddOptions) {
			o.linger = func(seconds int) error { return o.conn.SetLinger(min(seconds, 0)) }
		}), "close/linger"),
		broken("lingering is refused", options(func(o *oddOptions) {
			o.linger = func(seconds int) error {
				if seconds > 0 {
					return errors.ErrUnsupported
				}
				return o.conn.SetLinger(seconds)
			}
		}), "options/as-net"),
		broken("a released file does not block", options(func(o *oddOptions) {
			o.releaseFile = func() (*os.File, error) {
				f, err := o.conn.ReleaseFile()
				if err == nil {
					err = sys.SetNonblock(sys.Handle(f.Fd()))
				}
				return f, err
			}
		}), "file/released"),
		broken("ports are cut to 16 bits", packets(func(b *brokenPackets) {
			b.writeTo = func(p []byte, to net.Addr) (int, error) {
				if a, ok := to.(*net.UDPAddr); ok && a != nil {
					to = &net.UDPAddr{IP: a.IP, Port: int(uint16(a.Port)), Zone: a.Zone}
				}
				return b.packetConn.WriteTo(p, to)
			}
		}), "packet/odd-addresses"),
		broken("no IP is no address", packets(func(b *brokenPackets) {
			b.writeTo = func(p []byte, to net.Addr) (int, error) {
				if a, ok := to.(*net.UDPAddr); ok && a != nil && len(a.IP) == 0 {
					return 0, syscall.EINVAL
				}
				return b.packetConn.WriteTo(p, to)
			}
		}), "packet/odd-addresses"),
		broken("zones are digits", packets(func(b *brokenPackets) {
			b.writeTo = func(p []byte, to net.Addr) (int, error) {
				if a, ok := to.(*net.UDPAddr); ok && a != nil && a.Zone != "" {
					if _, err := strconv.Atoi(a.Zone); err != nil {
						return 0, syscall.EINVAL
					}
				}
				return b.packetConn.WriteTo(p, to)
			}
		}), "packet/zones"),
	}
}
