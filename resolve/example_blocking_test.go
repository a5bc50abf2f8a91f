package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// Blocking runs the lookup inside Start. Done still waits for Run, as with every strategy.
func ExampleBlocking() {
	strategy := resolve.NewBlocking(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		fmt.Println("looking up", q.Name)
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
	})
	defer strategy.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	inbox := resolve.NewInbox(nil) // this goroutine calls Run without being woken
	strategy.Start(&resolve.Query{Question: question, Inbox: inbox, Done: func(a resolve.Answer, err error) {
		fmt.Println(a.AppendAddrs(nil), err)
	}})
	fmt.Println("started")
	inbox.Run(0)
	// Output:
	// looking up db.example
	// started
	// [192.0.2.1] <nil>
}
