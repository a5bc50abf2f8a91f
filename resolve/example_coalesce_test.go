package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// signal returns an inbox and the channel that receives a value when the inbox has work.
func signal() (*resolve.Inbox, <-chan struct{}) {
	wake := make(chan struct{}, 1)
	return resolve.NewInbox(func() error {
		select {
		case wake <- struct{}{}:
		default: // the owner will run the inbox anyway
		}
		return nil
	}), wake
}

// Three queries with the same question are in flight together. Coalesce asks the next strategy
// once.
func ExampleCoalesce() {
	proceed, lookups := make(chan struct{}), 0
	pool, err := resolve.NewPool(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		<-proceed
		lookups++
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
	}, resolve.PoolOptions{Workers: 1})
	if err != nil {
		log.Fatal(err)
	}
	strategy := resolve.NewCoalesce(0, pool)
	defer strategy.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	inbox, wake := signal()
	for range 3 {
		strategy.Start(&resolve.Query{Question: question, Inbox: inbox, Done: func(resolve.Answer, error) {}})
	}
	close(proceed)
	for answers := 0; answers < 3; answers += inbox.Run(0) {
		<-wake
	}
	fmt.Println("lookups:", lookups)
	// Output: lookups: 1
}
