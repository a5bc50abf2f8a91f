package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// A goroutine that may block asks any strategy with Wait. A context bounds how long it blocks.
func ExampleWait() {
	pool, err := resolve.NewPool(func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
		if q.Name.String() == "slow.example" {
			<-ctx.Done()
		}
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
	}, resolve.PoolOptions{Workers: 1, MaxQueued: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, name := range []string{"db.example", "slow.example"} {
		question, err := resolve.NewQuestion(name, resolve.TypeA)
		if err != nil {
			log.Fatal(err)
		}
		answer, err := resolve.Wait(ctx, pool, question)
		fmt.Println(name, answer.AppendAddrs(nil), errors.Is(err, resolve.ErrCanceled))
		cancel() // ends the second Wait
	}
	// Output:
	// db.example [192.0.2.1] false
	// slow.example [] true
}
