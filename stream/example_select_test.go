//go:build unix

package stream_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// One caller waits for two handles at once. Wait does not report which of them is ready, so the
// caller tries both.
func ExampleSelector() {
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	var wanted []stream.Readiness
	for _, h := range []sys.Handle{a, b} {
		defer sys.Close(h)
		source, err := park.Waiter{}.Register(h)
		if err != nil {
			log.Fatal(err)
		}
		defer source.Close()
		wanted = append(wanted, stream.Readiness{Source: source, Direction: sys.Readable})
	}
	sel := park.Waiter{}.NewSelect()
	defer sel.Close()
	_, err = sys.Send(b, []byte("hello"))
	err = errors.Join(err, sel.Wait(wanted, time.Time{}))
	p := make([]byte, 64)
	n, errA := sys.Recv(a, p)
	_, errB := sys.Recv(b, p[n:])
	fmt.Println(err, string(p[:n]), errA, errB == sys.ErrWouldBlock)
	// Output: <nil> hello <nil> true
}
