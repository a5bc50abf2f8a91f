package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// hold is a lookup that answers after proceed is closed.
func hold(proceed <-chan struct{}) resolve.Lookup {
	return func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
		select {
		case <-proceed:
			return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
		case <-ctx.Done():
			return resolve.Answer{}, ctx.Err()
		}
	}
}

// One query may be in flight and one may wait. The third is refused.
func ExampleLimit() {
	proceed := make(chan struct{})
	pool, err := resolve.NewPool(hold(proceed), resolve.PoolOptions{Workers: 8})
	if err != nil {
		log.Fatal(err)
	}
	limit, err := resolve.NewLimit(resolve.LimitOptions{MaxInFlight: 1, MaxQueued: 1}, pool)
	if err != nil {
		log.Fatal(err)
	}
	defer limit.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	inbox, wake := signal()
	refused := 0
	for range 3 {
		limit.Start(&resolve.Query{Question: question, Inbox: inbox, Done: func(_ resolve.Answer, err error) {
			if errors.Is(err, resolve.ErrQueueFull) {
				refused++
			}
		}})
	}
	fmt.Printf("%+v\n", limit.Stats())
	close(proceed)
	for n := 0; n < 3; n += inbox.Run(0) {
		<-wake
	}
	fmt.Println("refused:", refused)
	// Output:
	// {InFlight:1 Queued:1 Waited:1 Refused:1}
	// refused: 1
}
