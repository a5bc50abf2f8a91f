//go:build unix

package completion_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
	"github.com/edgewise-go/edgewise/queue/poll"
	"github.com/edgewise-go/edgewise/sys"
)

// An operation completes in Wait, whatever the mechanism is.
func ExampleNew() {
	below, err := poll.New(poll.Options{})
	if err != nil {
		log.Fatal(err)
	}
	q, err := completion.New(below, completion.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer q.Close()
	a, b, err := sys.SocketPair()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(a)
	defer sys.Close(b)
	room := make([]byte, 16)
	for token, op := range []queue.Op{
		{Kind: queue.OpRecv, Handle: a, Data: room},
		{Kind: queue.OpSend, Handle: b, Data: []byte("hello")},
	} {
		op.Token = queue.Token(token)
		if _, err := q.Submit(&op); err != nil {
			log.Fatal(err)
		}
	}
	var results [2]int32
	events := make([]queue.Event, 8)
	for completed := 0; completed < 2; {
		n, err := q.Wait(events, -1)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range events[:n] {
			results[e.Token] = e.Result
		}
		completed += n
	}
	fmt.Println(results, string(room[:results[0]]))
	// Output: [5 5] hello
}
