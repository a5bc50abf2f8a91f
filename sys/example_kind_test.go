//go:build unix

package sys_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/sys"
)

// The kind of a handle decides which calls move its bytes.
func ExampleKindOf() {
	for _, open := range []func(sys.Family) (sys.Handle, error){sys.Socket, sys.UDPSocket} {
		h, err := open(sys.IPv4)
		if err != nil {
			log.Fatal(err)
		}
		kind, err := sys.KindOf(h)
		switch kind {
		case sys.KindTCP:
			fmt.Println("Recv and Send", err)
		case sys.KindDatagram4, sys.KindDatagram6:
			fmt.Println("RecvMessage and SendMessage", err)
		}
		if err := sys.Close(h); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// Recv and Send <nil>
	// RecvMessage and SendMessage <nil>
}
