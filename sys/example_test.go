//go:build unix

package sys_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/sys"
)

func Example() {
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	p := make([]byte, 16)
	if _, err := sys.Recv(a, p); err == sys.ErrWouldBlock {
		fmt.Println("nothing yet")
	}
	if _, err := sys.Send(b, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	n, err := sys.Recv(a, p)
	fmt.Println(string(p[:n]), err)
	// Output:
	// nothing yet
	// hello <nil>
}
