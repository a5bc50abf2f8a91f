package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Names whose lookups take longer than half a second get at most two of the four workers.
func ExamplePoolOptions() {
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: 4, MaxQueued: 256, SlowAfter: 500 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	fmt.Printf("%+v\n", pool.Stats())
	// Output: {Running:0 Queued:0 Lost:0 Spares:0 Slow:0 Panics:0 Refused:0}
}

// A panic in a lookup is the failure of its query.
func ExamplePanicError() {
	blocking := resolve.NewBlockingWith(func(context.Context, resolve.Question) (resolve.Answer, error) {
		panic("odd name")
	}, resolve.BlockingOptions{Uncancelable: true})
	defer blocking.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	_, err = resolve.Wait(context.Background(), blocking, question)
	var panicked *resolve.PanicError
	fmt.Println(errors.As(err, &panicked), err)
	// Output: true resolve: blocking A db.example: panic in the lookup: odd name
}
