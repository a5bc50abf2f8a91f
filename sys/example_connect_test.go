package sys_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// listener returns a listening TCP socket on loopback and its address.
func listener() (sys.Handle, netip.AddrPort, error) {
	l, err := sys.Socket(sys.IPv4)
	if err != nil {
		return sys.Invalid, netip.AddrPort{}, err
	}
	bindErr := sys.Bind(l, netip.MustParseAddrPort("127.0.0.1:0"))
	listenErr := sys.Listen(l, 1)
	addr, err := sys.LocalAddr(l)
	return l, addr, errors.Join(bindErr, listenErr, err)
}

// A connect continues in the kernel. When the socket is writable, SocketError returns the outcome.
func ExampleConnect() {
	l, addr, err := listener()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(l)
	h, err := sys.Socket(sys.IPv4)
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(h)
	if err := sys.Connect(h, addr); err != nil && sys.ClassOf(err) != sys.ClassInProgress {
		log.Fatal(err)
	}
	fds := []sys.PollFD{{Fd: int32(h), Events: sys.PollOut}}
	for fds[0].Revents == 0 {
		if _, err := sys.Poll(fds, -1); err != nil && sys.ClassOf(err) != sys.ClassInterrupted {
			log.Fatal(err)
		}
	}
	peer, err := sys.PeerAddr(h)
	fmt.Println(sys.SocketError(h), peer == addr, err)
	// Output: <nil> true <nil>
}
