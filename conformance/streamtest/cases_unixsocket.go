package streamtest

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// unixNetwork is package net's name for unix-domain stream sockets.
const unixNetwork = "unix"

// unixTries bounds the connects that fill the queue of a listener with the smallest backlog.
const unixTries = 1 << 10

func unixCases() []Case {
	all := []Case{
		{
			ID: "unix/dials", Doc: "stream.Dialer.ConnectUnix",
			Rule: "A dial of a unix-domain socket returns a connection with the addresses that package net gives, by name and by network \"unix\".",
			Run: in(func(w *world) {
				name := w.path()
				l := w.listenUnixNet(name)
				d := w.dialer()
				byName := w.connectUnix(w.Context(), d, name).get()
				w.check(byName.err, "dial")
				w.dialedBy(l, byName.c)
				byNetwork := call(w, "dial", func() accepted {
					c, err := d.DialContext(w.Context(), unixNetwork, name)
					return accepted{c, err}
				}).get()
				w.check(byNetwork.err, "dial")
				w.own(byNetwork.c)
				w.dialedBy(l, byNetwork.c.(conn))
			}),
		},
		{
			ID: "unix/accepts", Doc: "stream.ListenUnix",
			Rule: "A unix-domain listener accepts connections with the addresses that package net gives.",
			Run: in(func(w *world) {
				name := w.path()
				l := w.listenUnix(name, stream.ListenOptions{})
				if got := l.Addr(); got.Network() != unixNetwork || got.String() != name {
					w.Errorf("address of the listener: %v %v, want unix %s", got.Network(), got, name)
				}
				n := w.waits(sys.Readable)
				p := w.accept(l)
				w.waiting(sys.Readable, n)
				peer, err := net.Dial(unixNetwork, name)
				w.check(err, "peer's dial")
				w.own(peer)
				got := p.get()
				w.check(got.err, "accept")
				w.own(got.c)
				w.addressed(got.c, peer)
				w.speak(got.c.(conn), peer)
			}),
		},
		{
			ID: "unix/names", Doc: "stream.Socket.BindUnix",
			Rule:   "Listening and dialing refuse a name that is empty, too long or has a NUL. They do not create a file from its beginning.",
			Source: "a kernel that takes a path up to its first NUL",
			Run: in(func(w *world) {
				before := w.path()
				for name, target := range map[string]error{
					"": syscall.EINVAL, before + "\x00after": syscall.EINVAL, before + strings.Repeat("x", 200): syscall.ENAMETOOLONG,
				} {
					l, err := w.f.parts.newUnixListener(w.spy, name, stream.ListenOptions{})
					if err == nil {
						l.Close()
					}
					w.expectErrorOn(unixNetwork, err, target, "listen")
					w.expectErrorOn(unixNetwork, w.connectUnix(w.Context(), w.dialer(), name).get().err, target, "dial")
				}
				if _, err := os.Lstat(before); !errors.Is(err, os.ErrNotExist) {
					w.Errorf("a file was created from the beginning of a name: %v", err)
				}
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "unix/nobody", Doc: "stream.Dialer.ConnectUnix",
			Rule: "A dial of a missing path returns ENOENT, and a dial of a path without a listener returns ECONNREFUSED. A canceled dial does not begin.",
			Run: in(func(w *world) {
				name := w.path()
				w.expectErrorOn(unixNetwork, w.connectUnix(w.Context(), w.dialer(), name).get().err, syscall.ENOENT, "dial")
				// A closed listener would not do: a child that is being forked keeps it alive until
				// its exec.
				s, err := stream.OpenUnix()
				w.check(err, "open")
				w.own(&s)
				w.check(s.BindUnix(name), "bind")
				w.expectErrorOn(unixNetwork, w.connectUnix(w.Context(), w.dialer(), name).get().err, syscall.ECONNREFUSED, "dial")
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				w.expectErrorOn(unixNetwork, w.connectUnix(ctx, w.dialer(), name).get().err, context.Canceled, "dial")
				if n := w.spy.open.Load(); n != 0 {
					w.Errorf("%d registrations are still open", n)
				}
			}),
		},
		{
			ID: "unix/path", Doc: "stream.ListenUnix",
			Rule: "Listening on a path in use returns EADDRINUSE, and the path stays. Close of its listener removes it, unless ListenOptions.KeepPath is set.",
			Run: in(func(w *world) {
				name, kept := w.path(), w.path()
				l, keeper := w.listenUnix(name, stream.ListenOptions{}), w.listenUnix(kept, stream.ListenOptions{KeepPath: true})
				_, err := stream.ListenUnix(w.spy, name, stream.ListenOptions{})
				w.expectErrorOn(unixNetwork, err, syscall.EADDRINUSE, "listen")
				if _, err := os.Lstat(name); err != nil {
					w.Errorf("the path of a listener after another one was refused: %v", err)
				}
				w.check(l.Close(), "close")
				if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
					w.Errorf("the path after Close: %v, want that it does not exist", err)
				}
				w.check(keeper.Close(), "close")
				if _, err := os.Lstat(kept); err != nil {
					w.Errorf("a path that was to be kept, after Close: %v", err)
				}
			}),
		},
		{
			ID: "unix/full", Doc: "stream.Dialer.ConnectUnix",
			Rule:   "A dial of a listener with a full queue fails at once, with ErrBacklogFull on Linux. It succeeds after there is room again.",
			Source: "unix(7) and connect(2), EAGAIN: a wait that no event ends",
			Run: in(func(w *world) {
				name := w.path()
				l := w.listenUnix(name, stream.ListenOptions{Backlog: 1})
				d := w.dialer()
				n := w.waits(sys.Writable)
				var err error
				queued := 0
				for ; queued < unixTries && err == nil; queued++ {
					err = w.connectUnix(w.Context(), d, name).get().err
				}
				target := stream.ErrBacklogFull
				if errors.Is(err, syscall.ECONNREFUSED) {
					target = syscall.ECONNREFUSED // not Linux
				}
				w.expectErrorOn(unixNetwork, err, target, "dial")
				if e, ok := err.(net.Error); !ok || e.Timeout() {
					w.Errorf("%v: Timeout() is true", err)
				}
				if got := w.waits(sys.Writable); got != n {
					w.Errorf("dials waited %d times", got-n)
				}
				for range queued - 1 {
					s, _, err := l.TryAccept()
					w.check(err, "accept")
					w.check(s.Close(), "close")
				}
				w.check(w.connectUnix(w.Context(), d, name).get().err, "dial after there is room again")
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets}
		all[i].Refused = in(func(w *world) {
			if _, err := stream.OpenUnix(); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("opening a unix-domain socket: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return append(all, Case{
		ID: "unix/abstract", Doc: "stream.ListenUnix",
		Rule:  "On Linux, a name that begins with \"@\" is abstract. It creates no file, and is free again soon after Close. Elsewhere it is refused.",
		Needs: []Feature{AbstractNames},
		Run: in(func(w *world) {
			name := "@" + w.path()
			l := w.listenUnix(name, stream.ListenOptions{})
			got := w.connectUnix(w.Context(), w.dialer(), name).get()
			w.check(got.err, "dial")
			if a := got.c.RemoteAddr().String(); a != name || l.Addr().String() != name {
				w.Errorf("addresses of an abstract name: %v, %v; want %v", a, l.Addr(), name)
			}
			if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
				w.Errorf("an abstract name created a file: %v", err)
			}
			w.check(l.Close(), "close")
			w.freeAgain(name)
		}),
		Refused: in(func(w *world) {
			if _, err := stream.ListenUnix(w.spy, "@edgewise", stream.ListenOptions{}); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("listening on an abstract name: %v, want errors.ErrUnsupported", err)
			}
		}),
	})
}

// path returns an unused path.
func (w *world) path() string { return filepath.Join(w.TempDir(), "s") }

// listenUnix returns a unix-domain listener under test.
func (w *world) listenUnix(name string, config stream.ListenOptions) listener {
	w.Helper()
	l, err := w.f.parts.newUnixListener(w.spy, name, config)
	w.check(err, "listen")
	w.own(l)
	return l
}

// freeAgain waits until the name can be listened on: a poll that is leaving the kernel keeps a
// closed listener alive.
func (w *world) freeAgain(name string) {
	w.Helper()
	var l net.Listener
	var err error
	suite.Until(w, "the name of a closed listener is free", func() bool {
		l, err = net.Listen(unixNetwork, name)
		return !errors.Is(err, syscall.EADDRINUSE)
	})
	w.check(err, "listen under the name of a closed listener")
	w.check(l.Close(), "close")
}

// listenUnixNet returns a unix-domain listener of package net.
func (w *world) listenUnixNet(name string) net.Listener {
	w.Helper()
	l, err := net.Listen(unixNetwork, name)
	w.check(err, "peer's listen")
	w.own(l)
	return l
}

func (w *world) connectUnix(ctx context.Context, d dialer, name string) *pending[dialed] {
	return call(w, "dial", func() dialed {
		c, err := d.ConnectUnix(ctx, name)
		if c != nil {
			w.own(c)
		}
		return dialed{c, err}
	})
}

// dialedBy checks a connection to l.
func (w *world) dialedBy(l net.Listener, c conn) {
	w.Helper()
	peer, err := l.Accept()
	w.check(err, "peer's accept")
	w.own(peer)
	w.addressed(c, peer)
	w.speak(c, peer)
}

// addressed checks that c and its peer, a connection of package net, agree about their addresses.
func (w *world) addressed(c, peer net.Conn) {
	w.Helper()
	for what, got := range map[string][2]net.Addr{"local": {c.LocalAddr(), peer.RemoteAddr()}, "remote": {c.RemoteAddr(), peer.LocalAddr()}} {
		if _, ok := got[0].(*net.UnixAddr); !ok || got[0].Network() != got[1].Network() || got[0].String() != got[1].String() {
			w.Errorf("%s address: %v (%T), want %v (%T)", what, got[0], got[0], got[1], got[1])
		}
	}
}

// speak sends bytes both ways, and ends the stream of the peer.
func (w *world) speak(c conn, peer net.Conn) {
	w.Helper()
	n := w.waits(sys.Readable)
	p := w.read(c, 64)
	w.waiting(sys.Readable, n)
	_, err := peer.Write([]byte("there"))
	w.check(err, "peer's write")
	if got := p.get(); string(got.data) != "there" || got.err != nil {
		w.Fatalf("read: got %v, want %q", got, "there")
	}
	w.check(w.write(c, []byte("back")).get().err, "write")
	back := make([]byte, 4)
	if n, err := w.from(peer).Read(back); n != 4 || string(back) != "back" {
		w.Errorf("peer's read: %q, %v", back[:n], err)
	}
	w.check(peer.Close(), "peer's close")
	w.expectEOF(c)
}
