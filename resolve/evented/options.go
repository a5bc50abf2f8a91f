package evented

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// The bounds of a resolver, besides those of package stub.
const (
	// httpsRequests bounds the requests in flight per server over HTTPS, each of which has a
	// goroutine.
	httpsRequests = 32
	// readBuffer is what the resolver asks the kernel to reserve for the datagrams of one socket.
	readBuffer = 1 << 20
	// batchMax bounds the datagrams that one system call moves.
	batchMax = 16
)

// Server is one recursive server.
type Server struct {
	Addr netip.AddrPort
	// TLS selects DNS over TLS (RFC 7858) with this configuration, which must have a ServerName,
	// unless URL is set.
	TLS *tls.Config
	// URL selects DNS over HTTPS (RFC 8484). Requests are posted to it, over connections to Addr.
	// TLS may hold the roots that the resolver trusts.
	URL string
}

// Servers returns plain servers, asked over UDP and TCP.
func Servers(addrs ...netip.AddrPort) []Server {
	all := make([]Server, len(addrs))
	for i, a := range addrs {
		all[i] = Server{Addr: a}
	}
	return all
}

// Options sets the servers and the connections of a [Resolver].
type Options struct {
	Servers []Server
	// System, if it is not nil, provides the servers instead, and the options of resolv.conf(5)
	// that concern them: rotate, timeout and attempts, use-vc, trust-ad and no-aaaa. What Stub sets
	// has precedence. A change is in use for the lookups that start after the watcher has seen it.
	System *sysconfig.Watcher

	// Dial connects to a server: the network is "udp" or "tcp", and the address is an IP address
	// with a port. DialContext of net.Dialer fits, and so does that of a stack of event loops. A
	// connection must support one reader and one writer at the same time, and Close must end both.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Stub holds the timers, bounds and extensions. Servers, Seed and Start are set by New. A
	// datagram that is larger than UDPSize, which the queries announce, is not read whole: the
	// resolver asks again over TCP.
	Stub stub.Options
}

// systemTimeout returns how long a lookup may take. Without options about time in the configuration
// of the system, that is [stub.DefaultTimeout] and not the 10 seconds per server of the C library.
func systemTimeout(s *sysconfig.Settings) time.Duration {
	if s.Timeout == sysconfig.DefaultTimeout && s.Attempts == sysconfig.DefaultAttempts {
		return stub.DefaultTimeout
	}
	return min(s.Timeout*time.Duration(s.Attempts*len(s.Servers)), timeoutMax)
}

// timeoutMax bounds a lookup, whatever the configuration of the system says.
const timeoutMax = 30 * time.Second

// check returns the servers as package stub takes them.
func check(servers []Server) (map[stub.Server]Server, []stub.Server, error) {
	byKey := make(map[stub.Server]Server, len(servers))
	list := make([]stub.Server, 0, len(servers))
	for _, s := range servers {
		if !s.Addr.IsValid() || s.Addr.Port() == 0 {
			return nil, nil, fmt.Errorf("evented: server %v: want an IP address with a port", s.Addr)
		}
		x := stub.Server{Addr: s.Addr}
		switch {
		case s.URL != "":
			u, err := url.Parse(s.URL)
			if err != nil || u.Scheme != "https" || u.Host == "" {
				return nil, nil, fmt.Errorf("evented: server %v: URL %q: want https://host/path", s.Addr, s.URL)
			}
			x.Stream, x.Origin, x.Key = true, resolve.OriginHTTPS, s.URL
		case s.TLS != nil:
			if s.TLS.ServerName == "" && !s.TLS.InsecureSkipVerify {
				return nil, nil, fmt.Errorf("evented: server %v: TLS without ServerName: the certificate could be anybody's", s.Addr)
			}
			x.Stream, x.Origin, x.Key = true, resolve.OriginTLS, s.TLS.ServerName
		}
		if _, twice := byKey[x]; twice {
			continue
		}
		byKey[x] = s
		list = append(list, x)
	}
	if len(list) > stub.MaxServers {
		return nil, nil, fmt.Errorf("evented: %d servers: want at most %d", len(list), stub.MaxServers)
	}
	return byKey, list, nil
}

var errNoDial = errors.New("evented: no Dial: set it, for example to new(net.Dialer).DialContext")

var errNoServers = errors.New("evented: no servers: set Servers or System")
