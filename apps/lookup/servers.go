package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// The ports of a server that is given without one.
const (
	portDNS   = 53
	portTLS   = 853 // RFC 7858
	portHTTPS = 443
)

var errNotSuffix = errors.New("an IP address is no suffix of a name")

// serverList collects the servers in the order of their flags.
type serverList struct{ servers []evented.Server }

// add returns the function of a flag.
func (l *serverList) add(parse func(text string) (evented.Server, error)) func(string) error {
	return func(text string) error {
		s, err := parse(text)
		if err != nil {
			return err
		}
		if len(l.servers) == stub.MaxServers {
			return fmt.Errorf("more than %d servers", stub.MaxServers)
		}
		l.servers = append(l.servers, s)
		return nil
	}
}

func plainServer(text string) (evented.Server, error) {
	addr, err := parseAddr(text, portDNS)
	return evented.Server{Addr: addr}, err
}

func tlsServer(text string) (evented.Server, error) {
	name, rest, ok := strings.Cut(text, "@")
	if !ok {
		return evented.Server{}, errors.New("want NAME@ADDR[:PORT], such as dns.example@192.0.2.53")
	}
	n, err := resolve.ParseName(name)
	if err != nil {
		return evented.Server{}, fmt.Errorf("server name %q: %s", oneLine(name), explain(err))
	}
	addr, err := parseAddr(rest, portTLS)
	return evented.Server{Addr: addr, TLS: &tls.Config{ServerName: n.String()}}, err
}

func httpsServer(text string) (evented.Server, error) {
	// The last @: a URL may have one too.
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return evented.Server{}, errors.New("want URL@ADDR[:PORT], such as https://dns.example/dns-query@192.0.2.53")
	}
	u, err := url.Parse(text[:at])
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return evented.Server{}, fmt.Errorf("URL %q: want https://HOST/PATH", oneLine(text[:at]))
	}
	port := uint64(portHTTPS)
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return evented.Server{}, fmt.Errorf("URL %q: port %s: want 1 to 65535", oneLine(text[:at]), p)
		}
	}
	addr, err := parseAddr(text[at+1:], uint16(port))
	return evented.Server{Addr: addr, TLS: &tls.Config{}, URL: text[:at]}, err
}

// parseAddr parses an IP address with an optional port. An IPv6 address with a port is in brackets.
func parseAddr(text string, port uint16) (netip.AddrPort, error) {
	host := text
	if h, p, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return netip.AddrPort{}, fmt.Errorf("port %q: want 1 to 65535", oneLine(p))
		}
		host, port = h, uint16(n)
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no IP address: a server is given by its address, such as 192.0.2.53 or [2001:db8::53]:5353", oneLine(host))
	}
	return netip.AddrPortFrom(addr.Unmap(), port), nil
}

// trust returns the servers. They trust the certificates in the file, or the system's without one.
func (l *serverList) trust(cacert string) ([]evented.Server, error) {
	if cacert == "" {
		return l.servers, nil
	}
	pem, err := os.ReadFile(cacert)
	if err != nil {
		return nil, cli.Usagef("-cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, cli.Usagef("-cacert %s: no certificate in it", cacert)
	}
	for _, s := range l.servers {
		if s.TLS != nil {
			s.TLS.RootCAs = pool
		}
	}
	return l.servers, nil
}
