package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/resolve"
)

// A pool of one worker with room for one waiting query refuses the third query. Close completes the
// first two.
func ExamplePool() {
	pool, err := resolve.NewPool(func(ctx context.Context, _ resolve.Question) (resolve.Answer, error) {
		<-ctx.Done()
		return resolve.Answer{}, ctx.Err()
	}, resolve.PoolOptions{Workers: 1, MaxQueued: 1})
	if err != nil {
		log.Fatal(err)
	}
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	inbox := resolve.NewInbox(nil)
	for range 2 {
		pool.Start(&resolve.Query{Question: question, Inbox: inbox, Done: func(_ resolve.Answer, err error) {
			fmt.Println("closed:", errors.Is(err, resolve.ErrClosed))
		}})
	}
	_, err = resolve.Wait(context.Background(), pool, question)
	fmt.Println("full:", errors.Is(err, resolve.ErrQueueFull))
	fmt.Println(pool.Close())
	inbox.Run(0)
	// Output:
	// full: true
	// <nil>
	// closed: true
	// closed: true
}
