package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Cache asks the next strategy again when the answer has expired. The clock of the cache decides
// when that is.
func ExampleCache() {
	now := time.Unix(0, 0)
	lookups := 0
	next := resolve.NewBlocking(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		lookups++
		answer := resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
		answer.Expires = now.Add(time.Minute)
		return answer, nil
	})
	cache, err := resolve.NewCache(resolve.CacheOptions{Clock: func() time.Time { return now }}, next)
	if err != nil {
		log.Fatal(err)
	}
	defer cache.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		answer, err := resolve.Wait(context.Background(), cache, question)
		fmt.Println(answer.Cached, lookups, err)
		now = now.Add(40 * time.Second)
	}
	// Output:
	// false 1 <nil>
	// true 1 <nil>
	// false 2 <nil>
}
