package resolve_test

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

func Example() {
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: 4, MaxQueued: 256})
	if err != nil {
		panic(err)
	}
	cache, err := resolve.NewCache(resolve.CacheOptions{}, resolve.NewCoalesce(0, pool))
	if err != nil {
		panic(err)
	}
	names := map[string][]netip.Addr{"db.example": {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}
	static, err := resolve.NewStatic(names, cache)
	if err != nil {
		panic(err)
	}
	host := resolve.Host{Strategy: resolve.NewLiteral(static)}
	defer host.Strategy.Close()

	answer, err := host.Lookup(context.Background(), "DB.example", resolve.FamilyBoth)
	fmt.Println(answer.Addrs(), err)
	// Output: [2001:db8::1 192.0.2.1] <nil>
}

// An event loop owns an inbox. The inbox uses the loop's waker, and the loop calls Run after it
// wakes.
func ExampleInbox() {
	wake := make(chan struct{}, 1) // represents the loop's waker
	inbox := resolve.NewInbox(func() error {
		select {
		case wake <- struct{}{}:
		default: // already woken
		}
		return nil
	})
	pool, err := resolve.NewPool(resolve.System{}.Lookup, resolve.PoolOptions{Workers: 1, MaxQueued: 8})
	if err != nil {
		panic(err)
	}
	defer pool.Close()

	question, err := resolve.NewQuestion("192.0.2.1", resolve.TypeA)
	if err != nil {
		panic(err)
	}
	pool.Start(&resolve.Query{Question: question, Inbox: inbox, Done: func(a resolve.Answer, err error) {
		fmt.Println(a.Addr(0), err)
	}})
	<-wake
	inbox.Run(0)
	// Output: 192.0.2.1 <nil>
}
