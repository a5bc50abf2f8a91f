package resolve_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// answers is a strategy whose lookup has the result at hand.
func answers(addr string, err error) resolve.Strategy {
	return resolve.NewBlocking(func(_ context.Context, q resolve.Question) (resolve.Answer, error) {
		if err != nil {
			return resolve.Answer{}, err
		}
		return resolve.NewAnswer(q, []netip.Addr{netip.MustParseAddr(addr)}), nil
	})
}

// ask prints the answer of a strategy to a question.
func ask(s resolve.Strategy, name string) {
	question, err := resolve.NewQuestion(name, resolve.TypeA)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := resolve.Wait(context.Background(), s, question)
	fmt.Println(answer.AppendAddrs(nil), err)
}

// The second strategy answers what the first one fails to answer.
func ExampleFallback() {
	fallback, err := resolve.NewFallback(resolve.FallbackOptions{}, answers("", resolve.ErrServFail), answers("192.0.2.2", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer fallback.Close()
	ask(fallback, "db.example")
	fmt.Printf("%+v\n", fallback.Stats())
	// Output:
	// [192.0.2.2] <nil>
	// {Queries:1 Fallbacks:1 Failures:0}
}

// The first answer wins. A failure does not.
func ExampleRace() {
	race, err := resolve.NewRace(answers("", resolve.ErrServFail), answers("192.0.2.2", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer race.Close()
	ask(race, "db.example")
	// Output: [192.0.2.2] <nil>
}

// The name is public, and the address is not.
func ExampleFilter() {
	filter, err := resolve.NewFilter(resolve.FilterOptions{Allow: []string{"corp.example"}}, answers("10.0.0.1", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer filter.Close()
	ask(filter, "db.example")
	ask(filter, "db.corp.example")
	// Output:
	// [] resolve: filter A db.example: answer with an address of a private network refused
	// [10.0.0.1] <nil>
}

// A hedge asks again when the first answer is late. Here it is never late.
func ExampleHedge() {
	hedge, err := resolve.NewHedge(resolve.HedgeOptions{Budget: 0.05}, answers("192.0.2.1", nil))
	if err != nil {
		log.Fatal(err)
	}
	defer hedge.Close()
	ask(hedge, "db.example")
	stats := hedge.Stats()
	fmt.Println(stats.Queries, stats.Hedged, stats.Delay)
	// Output:
	// [192.0.2.1] <nil>
	// 1 0 1s
}

func ExampleObserve() {
	var stats resolve.Stats
	observe := resolve.NewObserve(&stats, nil, answers("192.0.2.1", nil))
	defer observe.Close()
	ask(observe, "db.example")
	snapshot := stats.Snapshot()
	fmt.Println(snapshot.Started, snapshot.InFlight, snapshot.Outcomes[resolve.OutcomeAnswered], snapshot.Latency.Count())
	// Output:
	// [192.0.2.1] <nil>
	// 1 0 1 1
}

func ExampleIsPublic() {
	for _, text := range []string{"192.0.2.1", "127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2001:db8::1"} {
		fmt.Println(text, resolve.IsPublic(netip.MustParseAddr(text)))
	}
	// Output:
	// 192.0.2.1 true
	// 127.0.0.1 false
	// ::ffff:10.0.0.1 false
	// 64:ff9b::a00:1 false
	// 2001:db8::1 true
}
