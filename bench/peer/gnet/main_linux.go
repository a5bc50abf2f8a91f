// Command gnet is an echo server on github.com/panjf2000/gnet/v2 with one event loop, for bench
// echo and compare. It listens on a free port of 127.0.0.1 and prints the address.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/peerflag"
)

// server sends back what arrives. gnet buffers what the socket does not take.
type server struct {
	gnet.BuiltinEventEngine
	sink bool // discards what arrives
}

func (*server) OnBoot(e gnet.Engine) gnet.Action {
	if err := printAddr(e); err != nil {
		fmt.Fprintln(os.Stderr, "gnet:", err)
		return gnet.Shutdown
	}
	return gnet.None
}

func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	message, err := c.Next(-1)
	if err == nil && !s.sink {
		_, err = c.Write(message)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

// printAddr prints the address of the listener, which gnet reveals by its descriptor only.
func printAddr(e gnet.Engine) error {
	fd, err := e.Dup()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	addr, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	in, ok := addr.(*unix.SockaddrInet4)
	if !ok {
		return fmt.Errorf("listener of type %T, want IPv4", addr)
	}
	_, err = fmt.Printf("listening on 127.0.0.1:%d\n", in.Port)
	return err
}

// logger keeps standard output free for the address, where gnet logs by default.
type logger struct{ *log.Logger }

func (logger) Debugf(string, ...any)               {}
func (logger) Infof(string, ...any)                {}
func (l logger) Warnf(format string, args ...any)  { l.Printf(format, args...) }
func (l logger) Errorf(format string, args ...any) { l.Printf(format, args...) }

func main() {
	err := gnet.Run(&server{sink: peerflag.Parse()}, "tcp4://127.0.0.1:0", gnet.WithNumEventLoop(1), gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(logger{log.New(os.Stderr, "gnet: ", 0)}))
	if err != nil {
		fmt.Fprintln(os.Stderr, "gnet:", err)
		os.Exit(1)
	}
}
