package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// The servers fail after the answer has expired. A cache with MaxStale serves the expired answer,
// marked as stale, while it asks in the background.
func ExampleCacheOptions_stale() {
	now := time.Unix(0, 0)
	down := false
	next := resolve.NewBlocking(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		if down {
			return resolve.Answer{}, resolve.ErrServFail
		}
		answer := resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")})
		answer.Expires = now.Add(time.Minute)
		return answer, nil
	})
	cache, err := resolve.NewCache(resolve.CacheOptions{
		MaxStale: time.Hour, StaleAtOnce: true, Clock: func() time.Time { return now },
	}, next)
	if err != nil {
		log.Fatal(err)
	}
	defer cache.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		answer, err := resolve.Wait(context.Background(), cache, question)
		fmt.Println(answer.AppendAddrs(nil), answer.Stale, err)
		now, down = now.Add(10*time.Minute), true
	}
	// Output:
	// [192.0.2.1] false <nil>
	// [192.0.2.1] true <nil>
}
