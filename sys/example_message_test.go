package sys_test

import (
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/sys"
)

// receiver returns a UDP socket on loopback and its address.
func receiver() (sys.Handle, netip.AddrPort, error) {
	h, err := sys.UDPSocket(sys.IPv4)
	if err != nil {
		return sys.Invalid, netip.AddrPort{}, err
	}
	bindErr := sys.Bind(h, netip.MustParseAddrPort("127.0.0.1:0"))
	addr, err := sys.LocalAddr(h)
	return h, addr, errors.Join(bindErr, err)
}

// One call receives several datagrams. Truncated reports one that was longer than its Buffer.
func ExampleRecvMessages() {
	h, addr, err := receiver()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(h)
	for _, text := range []string{"short", "a longer one"} {
		if err := sys.SendMessage(h, sys.IPv4, &sys.Message{Buffer: []byte(text), Addr: addr}); err != nil {
			log.Fatal(err)
		}
	}
	in := []sys.Message{{Buffer: make([]byte, 8)}, {Buffer: make([]byte, 8)}}
	for received := 0; received < len(in); {
		n, err := sys.RecvMessages(h, in[received:])
		if err == sys.ErrWouldBlock {
			_, err = sys.Poll([]sys.PollFD{{Fd: int32(h), Events: sys.PollIn}}, -1)
		}
		if err != nil && sys.ClassOf(err) != sys.ClassInterrupted {
			log.Fatal(err)
		}
		received += n
	}
	for _, m := range in {
		fmt.Printf("%q %t %t\n", m.Buffer[:m.N], m.Truncated, m.Addr == addr)
	}
	// Output:
	// "short" false true
	// "a longer" true true
}
