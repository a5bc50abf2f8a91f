package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// The pool measures the lookup off the loop. The blocking route runs the same lookup on the
// caller's thread, and is used after enough of these measurements were within the budget.
func ExampleAdaptive() {
	now := time.Unix(0, 0)
	lookup := func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr("192.0.2.1")}), nil
	}
	var adaptive *resolve.Adaptive
	pool, err := resolve.NewPool(func(ctx context.Context, q resolve.Question) (resolve.Answer, error) {
		answer, err := lookup(ctx, q)
		adaptive.Sample("blocking", 10*time.Microsecond, err) // in a program: time.Since(begin)
		return answer, err
	}, resolve.PoolOptions{Workers: 1, MaxQueued: 16})
	if err != nil {
		log.Fatal(err)
	}
	adaptive, err = resolve.NewAdaptive(resolve.AdaptiveOptions{
		Routes: []resolve.Route{
			{Name: "blocking", Strategy: resolve.NewBlocking(lookup), Blocking: true, System: true},
			{Name: "pool", Strategy: pool, System: true},
		},
		AllowBlocking: true,
		MinSamples:    2,
		Explore:       -1,
		Clock: func() time.Time { // in a program: nil
			now = now.Add(50 * time.Microsecond)
			return now
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer adaptive.Close()
	question, err := resolve.NewQuestion("db.example", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		fmt.Println(adaptive.Decide(question))
		ask(adaptive, "db.example")
	}
	fmt.Println(adaptive.Decide(question).Route)
	// Output:
	// pool (pool: 0 of 2 samples; blocking: blocks, and has 0 of 2 samples)
	// [192.0.2.1] <nil>
	// pool (pool: 1 of 2 samples; blocking: blocks, and has 1 of 2 samples)
	// [192.0.2.1] <nil>
	// blocking
}

// Names that multicast DNS answers need the system.
func ExampleAdaptiveOptions() {
	adaptive, err := resolve.NewAdaptive(resolve.AdaptiveOptions{
		Routes: []resolve.Route{
			{Name: "servers", Strategy: answers("192.0.2.1", nil), Records: true},
			{Name: "system", Strategy: answers("192.0.2.2", nil), System: true},
		},
		Explore: -1, // the output of an example must not depend on chance
		NeedsSystem: func(q resolve.Question) (bool, string) {
			return strings.HasSuffix(q.Name.String(), ".local"), "multicast DNS"
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer adaptive.Close()
	question, err := resolve.NewQuestion("printer.local", resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(adaptive.Decide(question).Route)
	ask(adaptive, "printer.local")
	ask(adaptive, "db.example")
	// Output:
	// system
	// [192.0.2.2] <nil>
	// [192.0.2.1] <nil>
}
