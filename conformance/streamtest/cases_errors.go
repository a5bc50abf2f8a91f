package streamtest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/stream"
)

// errorCases compare the texts of errors with those of package net for the same causes.
func errorCases() []Case {
	return []Case{
		{
			ID: "errors/dial", Doc: "stream.Dialer.DialContext",
			Rule: "A failed dial returns a *net.OpError with the text that package net has for the same cause.",
			Run:  in(dialTexts),
		},
		{
			ID: "errors/listen", Doc: "stream.ListenConfig",
			Rule: "A failed listen returns a *net.OpError with the text that package net has for the same cause.",
			Run:  in(listenTexts),
		},
		{
			ID: "errors/packets", Doc: "stream.ListenConfig.ListenPacket",
			Rule: "A failed listen for datagrams returns a *net.OpError with the text that package net has for the same cause.",
			Run:  in(packetTexts),
		},
		{
			ID: "errors/unix", Doc: "stream.Dialer.DialContext",
			Rule:  "Dials of unix-domain sockets and listens fail with the texts of package net for the same causes.",
			Needs: []Feature{UnixSockets},
			Run:   in(unixTexts),
			Refused: in(func(w *world) {
				if _, err := w.listenBy(stream.ListenConfig{}, unixNetwork, w.path()); !errors.Is(err, errors.ErrUnsupported) {
					w.Errorf("listening in network unix: %v, want errors.ErrUnsupported", err)
				}
			}),
		},
		{
			ID: "errors/calls", Doc: "stream.Conn",
			Rule: "Calls of a connection or a listener fail with the texts of package net if it is closed or the deadline has passed.",
			Run:  in(callTexts),
		},
		{
			ID: "errors/reset", Doc: "stream.Conn",
			Rule: "Reads and writes of a connection that the peer has reset fail with the texts of package net.",
			Run:  in(resetTexts),
		},
		{
			ID: "errors/sentinels", Doc: "stream.ErrNoAddress",
			Rule: "The errors of this package and those of resolvers stay reachable by errors.Is and errors.As, whatever their text is.",
			Run:  in(errorSentinels),
		},
	}
}

// comparison is a cause of an error: the same action with package net and with package stream.
type comparison struct {
	cause string
	net   func() error
	ours  func() error

	// differs is set if the text of package stream is another one on purpose. It says why.
	differs string
}

// numbers matches the ports that the kernel has chosen.
var numbers = regexp.MustCompile(`:[0-9]{4,5}\b`)

// windowsCalls replaces the names of Windows' functions, which package net uses, by those of the
// operations.
var windowsCalls = strings.NewReplacer(": connectex: ", ": connect: ", ": wsarecv: ", ": read: ", ": wsasend: ", ": write: ")

// compare wants both errors to be of type *net.OpError with the same text. Ports count as the same.
func (w *world) compare(all []comparison) {
	w.Helper()
	for _, c := range all {
		want, got := c.net(), c.ours()
		same := textOf(want) == textOf(got)
		if same != (c.differs == "") {
			w.Errorf("%s:\npackage net: %v\nstream:      %v\nwanted difference: %q", c.cause, want, got, c.differs)
		}
		var e *net.OpError
		if got != nil && !errors.As(got, &e) {
			w.Errorf("%s: %v is a %T, want a *net.OpError", c.cause, got, got)
		}
		var theirs, ours net.Error
		if c.differs == "" && errors.As(want, &theirs) && errors.As(got, &ours) && theirs.Timeout() != ours.Timeout() {
			w.Errorf("%s: %v: Timeout() is %v; package net has %v", c.cause, got, ours.Timeout(), theirs.Timeout())
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return "success"
	}
	return windowsCalls.Replace(numbers.ReplaceAllString(err.Error(), ":port"))
}

// unknown is the resolver of package net and of this package for a host that does not exist. It
// asks no server.
func unknown(_ context.Context, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// goResolver never asks the C library or a server.
func goResolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("the network is not to be asked")
	}}
}

// dials compares a dial with the options of theirs and ours.
func (w *world) dials(cause, network, address string, theirs net.Dialer, ours stream.Dialer) comparison {
	ours.LocalAddr, ours.Timeout = theirs.LocalAddr, theirs.Timeout
	if ours.Resolve == nil {
		ours.Resolve = unknown
	}
	theirs.Resolver = goResolver()
	return w.dialsIn(w.Context(), cause, network, address, theirs, ours)
}

func (w *world) dialsIn(ctx context.Context, cause, network, address string, theirs net.Dialer, ours stream.Dialer) comparison {
	return comparison{
		cause: cause,
		net: func() error {
			c, err := theirs.DialContext(ctx, network, address)
			return w.closed(c, err)
		},
		ours: func() error {
			d := w.dialerOf(ours)
			return call(w, "dial: "+cause, func() error {
				c, err := d.DialContext(ctx, network, address)
				return w.closed(c, err)
			}).get()
		},
	}
}

// closed closes c unless err is set, and returns err.
func (w *world) closed(c io.Closer, err error) error {
	if err == nil {
		w.own(c)
	}
	return err
}

// listens compares a listen.
func (w *world) listens(cause, network, address string) comparison {
	return comparison{
		cause: cause,
		net: func() error {
			l, err := net.Listen(network, address)
			if err == nil {
				w.check(l.Close(), "close") // the address may be one that the next listener needs
			}
			return err
		},
		ours: func() error {
			_, err := w.listenBy(stream.ListenConfig{Resolve: unknown}, network, address)
			return err
		},
	}
}

// receives is listens for datagrams.
func (w *world) receives(cause, network, address string) comparison {
	return comparison{
		cause: cause,
		net: func() error {
			c, err := net.ListenPacket(network, address)
			if err == nil {
				w.check(c.Close(), "close")
			}
			return err
		},
		ours: func() error {
			_, err := w.receiveBy(stream.ListenConfig{Resolve: unknown}, network, address)
			return err
		},
	}
}

func (c comparison) because(reason string) comparison {
	c.differs = reason
	return c
}

// addresses are addresses that cannot be dialed or listened on, by cause.
var badAddresses = []struct{ cause, network, address string }{
	{"unknown network", "tcp5", "127.0.0.1:9"},
	{"unknown network with a colon", "tcp:6", "127.0.0.1:9"},
	{"missing port", "tcp", "127.0.0.1"},
	{"missing port of a name", "tcp", "name.test"},
	{"missing port of an IPv6 literal", "tcp6", "[::1]"},
	{"too many colons", "tcp", "::1:9"},
	{"missing bracket", "tcp", "[::1:9"},
	{"unexpected bracket", "tcp", "12[7.0.0.1:9"},
	{"unknown service", "tcp", "127.0.0.1:no-such-service"},
	{"unknown service of UDP", "udp", "127.0.0.1:no-such-service"},
	{"port out of range", "tcp", "127.0.0.1:65536"},
	{"port far out of range", "tcp", "127.0.0.1:99999999999999999999"},
	{"negative port", "tcp", "127.0.0.1:-1"},
	{"no such host", "tcp", "no..such..host:9"},
	{"no such host in udp6", "udp6", "no..such..host:9"},
	{"bad literal", "tcp", "[::g]:9"},
	{"bad zone", "tcp", "[fe80::1%]:9"},
	{"IPv4 in tcp6", "tcp6", "127.0.0.1:9"},
	{"IPv6 in tcp4", "tcp4", "[::1]:9"},
	{"mapped IPv4 in udp6", "udp6", "[::ffff:127.0.0.1]:9"},
}

func dialTexts(w *world) {
	var all []comparison
	for _, a := range badAddresses {
		all = append(all, w.dials(a.cause, a.network, a.address, net.Dialer{}, stream.Dialer{}))
	}
	refused := w.unused().String()
	_, port, err := net.SplitHostPort(refused)
	w.check(err, "split")
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	canceled, cancel := context.WithCancel(w.Context())
	cancel()
	late, cancelLate := context.WithDeadline(w.Context(), time.Unix(1, 0))
	defer cancelLate()
	hole := w.blackHole().String()
	withoutResolver := w.dials("name without a resolver", "tcp", "no..such..host:9", net.Dialer{}, stream.Dialer{})
	withoutResolver.ours = func() error {
		return call(w, "dial", func() error {
			c, err := w.dialer().DialContext(w.Context(), "tcp", "no..such..host:9")
			return w.closed(c, err)
		}).get()
	}
	all = append(all,
		// The C library's lookup, which net.Listen may use, does not cut the digit off.
		w.dials("unknown service in tcp4", "tcp4", "127.0.0.1:no-such-service", net.Dialer{}, stream.Dialer{}),
		w.dials("empty address", "tcp", "", net.Dialer{}, stream.Dialer{}),
		w.dials("empty address of UDP", "udp4", "", net.Dialer{}, stream.Dialer{}),
		w.dials("refused", "tcp", refused, net.Dialer{}, stream.Dialer{}),
		w.dials("refused in tcp4", "tcp4", refused, net.Dialer{}, stream.Dialer{}),
		w.dials("refused with a local address", "tcp", refused, net.Dialer{LocalAddr: local}, stream.Dialer{}),
		w.dials("refused with an empty local address", "tcp", refused, net.Dialer{LocalAddr: &net.TCPAddr{}}, stream.Dialer{}),
		w.dials("timeout", "tcp", hole, net.Dialer{Timeout: soon}, stream.Dialer{}),
		w.dials("local address of UDP for TCP", "tcp", refused, net.Dialer{LocalAddr: &net.UDPAddr{IP: local.IP}}, stream.Dialer{}),
		w.dials("local address of TCP for UDP", "udp4", refused, net.Dialer{LocalAddr: local}, stream.Dialer{}),
		w.dials("local address of the other family", "tcp", refused, net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv6loopback}}, stream.Dialer{}),
		w.dials("local address of the other family for UDP", "udp", refused, net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv6loopback}}, stream.Dialer{}),
		w.dials("local address of another machine", "tcp", refused, net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}, stream.Dialer{}),
		w.dials("service", "tcp", "127.0.0.1:https", net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}, stream.Dialer{}),
		w.dials("empty port", "tcp", "127.0.0.1:", net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}, stream.Dialer{}),
		w.dials("local address in use", "tcp", refused, net.Dialer{LocalAddr: w.listenNet().Addr()}, stream.Dialer{}),
		w.dialsIn(canceled, "canceled", "tcp", refused, net.Dialer{}, stream.Dialer{}),
		w.dialsIn(canceled, "canceled UDP", "udp", refused, net.Dialer{}, stream.Dialer{}),
		w.dialsIn(late, "context past its deadline", "tcp", refused, net.Dialer{}, stream.Dialer{}),
		w.dials("empty host", "tcp", ":"+port, net.Dialer{}, stream.Dialer{}).because("Each loopback address has an attempt, and each attempt an error."),
		w.dials("raw IP", "ip4:1", "127.0.0.1", net.Dialer{LocalAddr: local}, stream.Dialer{}).because("Package stream has no raw IP."),
		withoutResolver.because("The field to set is named."),
	)
	w.compare(all)
}

func listenTexts(w *world) {
	var all []comparison
	for _, a := range badAddresses {
		all = append(all, w.listens(a.cause, a.network, a.address))
	}
	_, port, err := net.SplitHostPort(w.listenNet().Addr().String())
	w.check(err, "split")
	all = append(all,
		w.listens("address in use", "tcp", "127.0.0.1:"+port),
		w.listens("address in use in tcp4", "tcp4", "127.0.0.1:"+port),
		w.listens("address in use on every interface", "tcp4", ":"+port),
		w.listens("address in use on 0.0.0.0", "tcp4", "0.0.0.0:"+port),
		w.listens("address of another machine", "tcp", "192.0.2.1:http"),
		w.listens("network of datagrams", "udp", "127.0.0.1:9"),
		w.listens("raw IP", "ip4:no-such-protocol", "127.0.0.1").because("Package stream has no raw IP."),
	)
	privileged := w.listens("privileged port", "tcp", "127.0.0.1:3")
	if errors.Is(privileged.net(), os.ErrPermission) { // neither a superuser nor a system without such ports
		all = append(all, privileged)
	}
	w.compare(all)
}

func packetTexts(w *world) {
	all := []comparison{
		w.receives("address in use by UDP", "udp", w.packetPeer().LocalAddr().String()),
		w.receives("address of another machine for UDP", "udp4", "192.0.2.1:domain"),
		w.receives("network of streams", "tcp", "127.0.0.1:9"),
	}
	for _, a := range badAddresses {
		all = append(all, w.receives(a.cause, packetNetworkOf(a.network), a.address))
	}
	w.compare(all)
}

func unixTexts(w *world) {
	dir := w.TempDir()
	missing, used, file := filepath.Join(dir, "missing"), filepath.Join(dir, "used"), filepath.Join(dir, "file")
	w.listenUnixNet(used)
	w.check(os.WriteFile(file, nil, 0o600), "write")
	shut := filepath.Join(dir, "shut")
	w.check(os.Mkdir(shut, 0), "mkdir")
	long := filepath.Join(dir, strings.Repeat("x", 200))
	const why = "The limit is named, as the errno that says so."
	w.compare([]comparison{
		w.dials("missing path", "unix", missing, net.Dialer{}, stream.Dialer{}),
		w.dials("missing path of datagrams", "unixgram", missing, net.Dialer{}, stream.Dialer{}),
		w.dials("path of a file", "unix", file, net.Dialer{}, stream.Dialer{}),
		w.dials("empty name", "unix", "", net.Dialer{}, stream.Dialer{}),
		w.dials("empty name of datagrams", "unixgram", "", net.Dialer{}, stream.Dialer{}),
		w.dials("another kind of socket", "unixgram", used, net.Dialer{}, stream.Dialer{}),
		w.dials("local address of TCP", "unix", used, net.Dialer{LocalAddr: &net.TCPAddr{}}, stream.Dialer{}),
		w.dials("local address of datagrams", "unix", used, net.Dialer{LocalAddr: &net.UnixAddr{Name: missing, Net: unixgramNetwork}}, stream.Dialer{}),
		w.dials("local address in use", "unix", used, net.Dialer{LocalAddr: &net.UnixAddr{Name: used, Net: unixNetwork}}, stream.Dialer{}),
		w.dials("directory without permission", "unix", filepath.Join(shut, "s"), net.Dialer{}, stream.Dialer{}),
		w.listens("path in use", "unix", used),
		w.receives("path in use by another kind of socket", "unixgram", used),
		w.listens("directory that is missing", "unix", filepath.Join(missing, "s")),
		w.receives("directory that is missing, for datagrams", "unixgram", filepath.Join(missing, "s")),
		w.dials("path too long", "unix", long, net.Dialer{}, stream.Dialer{}).because(why),
		w.listens("path too long to listen on", "unix", long).because(why),
	})
	if l, err := w.listenBy(stream.ListenConfig{}, unixgramNetwork, missing); err == nil {
		l.Close()
		w.Errorf("a listener for datagrams was opened")
	}
}

// endpoint is the interface of a conn and a *net.TCPConn whose errors are compared.
type endpoint interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetReadBuffer(n int) error
	SetLinger(seconds int) error
}

// sameCall compares a call of both ends.
func (w *world) sameCall(cause string, theirs, ours endpoint, do func(c endpoint) error) comparison {
	return comparison{
		cause: cause,
		net:   func() error { return do(theirs) },
		ours:  func() error { return call(w, cause, func() error { return do(ours) }).get() },
	}
}

func readOne(c endpoint) error  { _, err := c.Read(make([]byte, 1)); return err }
func writeOne(c endpoint) error { _, err := c.Write(make([]byte, 1)); return err }

func resetTexts(w *world) {
	theirs, ours := w.bothEnds()
	for _, peer := range []*net.TCPConn{theirs.peer, ours.peer} {
		w.check(peer.SetLinger(0), "linger")
		w.check(peer.Close(), "close")
	}
	w.compare([]comparison{
		w.sameCall("read after a reset", theirs.c, ours.c, readOne),
		w.sameCall("write after a reset", theirs.c, ours.c, writeOne),
	})
}

func callTexts(w *world) {
	theirs, ours := w.bothEnds()
	past := time.Unix(1, 0)
	both := func(cause string, do func(c endpoint) error) comparison {
		return w.sameCall(cause, theirs.c, ours.c, do)
	}
	w.check(theirs.c.SetDeadline(past), "deadline")
	w.check(ours.c.SetDeadline(past), "deadline")
	w.compare([]comparison{both("late read", readOne), both("late write", writeOne)})
	w.check(theirs.c.SetDeadline(time.Time{}), "deadline")
	w.check(ours.c.SetDeadline(time.Time{}), "deadline")
	w.check(theirs.c.Close(), "close")
	w.check(ours.c.Close(), "close")
	w.compare([]comparison{
		both("read of a closed connection", readOne),
		both("write of a closed connection", writeOne),
		both("close of a closed connection", func(c endpoint) error { return c.Close() }),
		both("half-close of a closed connection", func(c endpoint) error { return c.CloseWrite() }),
		both("shut of a closed connection", func(c endpoint) error { return c.CloseRead() }),
		both("deadline of a closed connection", func(c endpoint) error { return c.SetDeadline(past) }),
		both("write deadline of a closed connection", func(c endpoint) error { return c.SetWriteDeadline(past) }),
		both("buffer of a closed connection", func(c endpoint) error { return c.SetReadBuffer(1 << 16) }),
		both("option of a closed connection", func(c endpoint) error { return c.SetLinger(1) }),
	})

	type acceptor interface {
		net.Listener
		SetDeadline(t time.Time) error
	}
	for _, network := range []string{"tcp", "tcp4"} {
		measure, err := net.Listen(network, "127.0.0.1:0")
		w.check(err, "listen")
		w.own(measure)
		l, err := w.listenBy(stream.ListenConfig{}, network, "127.0.0.1:0")
		w.check(err, "listen")
		under := listener(l)
		if w.f.parts.listener != nil {
			under = w.f.parts.listener(l)
		}
		both := func(cause string, do func(l acceptor) error) comparison {
			return comparison{
				cause: cause,
				net:   func() error { return do(measure.(*net.TCPListener)) },
				ours:  func() error { return call(w, cause, func() error { return do(under) }).get() },
			}
		}
		accept := func(l acceptor) error { c, err := l.Accept(); return w.closed(c, err) }
		w.check(measure.(*net.TCPListener).SetDeadline(past), "deadline")
		w.check(l.SetDeadline(past), "deadline")
		w.compare([]comparison{both("late accept", accept)})
		w.check(measure.Close(), "close")
		w.check(l.Close(), "close")
		w.compare([]comparison{
			both("accept of a closed listener", accept),
			both("close of a closed listener", func(l acceptor) error { return l.Close() }),
			both("deadline of a closed listener", func(l acceptor) error { return l.SetDeadline(past) }).because("The listener is named."),
		})
	}
}

// ended is a connection and its peer, of package net.
type ended[C any] struct {
	c    C
	peer *net.TCPConn
}

// bothEnds dials a connection of package net and one under test in network "tcp4".
func (w *world) bothEnds() (ended[*net.TCPConn], ended[conn]) {
	w.Helper()
	l := w.listenNet()
	accepted := func() *net.TCPConn {
		peer, err := l.Accept()
		w.check(err, "peer's accept")
		w.own(peer)
		return peer.(*net.TCPConn)
	}
	theirs, err := net.Dial("tcp4", l.Addr().String())
	w.check(err, "dial")
	w.own(theirs)
	first := ended[*net.TCPConn]{theirs.(*net.TCPConn), accepted()}
	d := w.dialer()
	got := call(w, "dial", func() dialedConn {
		c, err := d.DialContext(w.Context(), "tcp4", l.Addr().String())
		return dialedConn{c, err}
	}).get()
	w.check(got.err, "dial")
	w.own(got.c)
	ours := got.c.(conn)
	if w.f.parts.conn != nil {
		ours = w.f.parts.conn(ours)
	}
	return first, ended[conn]{ours, accepted()}
}

// dialedConn is the result of DialContext.
type dialedConn struct {
	c   net.Conn
	err error
}

// otherResolver is the error of a resolver that is not a *net.DNSError, but has one.
type otherResolver struct{ dns *net.DNSError }

func (e otherResolver) Error() string { return "resolver: " + e.dns.Err }
func (e otherResolver) As(target any) bool {
	d, ok := target.(**net.DNSError)
	if ok {
		*d = e.dns
	}
	return ok
}

func errorSentinels(w *world) {
	failure := errors.New("resolver: broken")
	missing := otherResolver{&net.DNSError{Err: "NXDOMAIN", Name: "other.test", IsNotFound: true}}
	for text, c := range map[string]struct {
		network string
		ips     []netip.Addr
		err     error
		target  error
	}{
		"lookup name.invalid: resolver: broken":                      {"tcp", nil, failure, failure},
		"lookup name.invalid: no such host":                          {"tcp", nil, missing, missing},
		"lookup name.invalid: operation was canceled":                {"tcp", nil, context.Canceled, context.Canceled},
		"lookup name.invalid: i/o timeout":                           {"tcp", nil, context.DeadlineExceeded, os.ErrDeadlineExceeded},
		"address name.invalid: no suitable address found":            {"tcp4", []netip.Addr{netip.IPv6Loopback()}, nil, stream.ErrNoAddress},
		"lookup name.invalid: no such host, for it has no addresses": {"tcp", nil, nil, stream.ErrNoAddress},
	} {
		want := "dial " + c.network + ": " + strings.TrimSuffix(text, ", for it has no addresses")
		resolve := func(context.Context, string) ([]netip.Addr, error) { return c.ips, c.err }
		parts := func(_, _ string, deliver func([]netip.Addr, bool, error)) func() {
			deliver(c.ips, false, c.err)
			return nil
		}
		for _, d := range []stream.Dialer{{Resolve: resolve}, {Resolve: resolve, ResolveParts: parts}} {
			err := w.dialName(w.Context(), c.network, d).get()
			if textOf(err) != want || !errors.Is(err, c.target) {
				w.Errorf("dial: %v, want %q, which is %v", err, want, c.target)
			}
			var dns *net.DNSError
			if found := errors.As(err, &dns); found != strings.Contains(text, "lookup") || found && dns.IsNotFound != strings.Contains(text, "no such") {
				w.Errorf("dial: %v: as a *net.DNSError: %#v", err, dns)
			}
		}
	}
	hint := &net.TCPAddr{IP: net.IPv6loopback}
	err := call(w, "dial", func() error {
		c, err := w.dialerOf(stream.Dialer{LocalAddr: hint}).DialContext(w.Context(), "tcp", "127.0.0.1:9")
		return w.closed(c, err)
	}).get()
	var address *net.AddrError
	if !errors.Is(err, stream.ErrNoAddress) || !errors.As(err, &address) {
		w.Errorf("dial from another family: %v, want ErrNoAddress and a *net.AddrError", err)
	}
	_, err = w.listenBy(stream.ListenConfig{}, "tcp6", "127.0.0.1:0")
	if !errors.Is(err, stream.ErrNoAddress) {
		w.Errorf("listen on an address of another family: %v, want ErrNoAddress", err)
	}
	if _, err := w.f.parts.newListenConfig(&stream.ListenConfig{}).Listen(w.Context(), "tcp", "127.0.0.1:0"); !errors.Is(err, stream.ErrNoWaiter) {
		w.Errorf("listen without a Waiter: %v, want ErrNoWaiter", err)
	}
	if err := w.connect(w.Context(), w.dialer(), w.unused()).get().err; !errors.Is(err, errRefused) && !errors.Is(err, syscall.ECONNREFUSED) {
		w.Errorf("dial without a listener: %v, want %v", err, errRefused)
	}
}
