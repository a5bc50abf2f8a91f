//go:build unix

package sched_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

func ExampleLoop_Metrics() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Metrics: true})
	// From here on, GET /debug/vars includes the metrics if an http.Server serves it.
	published := expvar.Func(func() any { return loop.Metrics() })
	expvar.Publish("loop", published)

	err = loop.Go(context.Background(), "yields once", func(t *sched.Task) error { return t.Yield() })
	if err != nil {
		log.Fatal(err)
	}
	loop.Drain()
	if err := loop.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	var seen struct {
		Ended, Turns, Posted int
		Delay                struct{ Count int }
	}
	if err := json.Unmarshal([]byte(expvar.Get("loop").String()), &seen); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ended:", seen.Ended, "turns:", seen.Turns, "posted:", seen.Posted, "delays:", seen.Delay.Count)
	// Output:
	// ended: 1 turns: 2 posted: 1 delays: 2
}
