package sys_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/sys"
)

// Poll reports in Revents which of the wanted events each handle has.
func ExamplePoll() {
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	if _, err := sys.Send(b, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	fds := []sys.PollFD{
		{Fd: int32(a), Events: sys.PollIn},
		{Fd: int32(b), Events: sys.PollIn},
	}
	n, err := sys.Poll(fds, -1)
	for sys.ClassOf(err) == sys.ClassInterrupted { // by a signal
		n, err = sys.Poll(fds, -1)
	}
	fmt.Println(n, err)
	fmt.Println(fds[0].Revents&sys.PollIn != 0, fds[1].Revents&sys.PollIn != 0)
	// Output:
	// 1 <nil>
	// true false
}
