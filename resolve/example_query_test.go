package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/resolve"
)

// Cancel completes a query at once and cancels the context of its lookup.
func ExampleQuery_Cancel() {
	pool, err := resolve.NewPool(func(ctx context.Context, _ resolve.Question) (resolve.Answer, error) {
		<-ctx.Done()
		return resolve.Answer{}, ctx.Err()
	}, resolve.PoolOptions{Workers: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	question, err := resolve.NewQuestion("slow.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	inbox := resolve.NewInbox(nil)
	query := &resolve.Query{Question: question, Inbox: inbox, Done: func(_ resolve.Answer, err error) {
		fmt.Println(errors.Is(err, resolve.ErrCanceled), errors.Is(err, context.Canceled))
	}}
	pool.Start(query)
	fmt.Println(query.Cancel())
	inbox.Run(0)
	// Output:
	// true
	// true true
}
