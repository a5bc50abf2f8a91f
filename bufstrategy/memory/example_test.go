package memory_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// All connections of a process share one Budget and one Pool. Each loop takes the segments of its
// buffers from a Magazine, and gives back idle memory on a timer.
func Example() {
	budget, err := memory.NewBudget(memory.BudgetOptions{Limit: 1 << 20})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: 1 << 20, Keep: 256 << 10, Budget: budget})
	if err != nil {
		log.Fatal(err)
	}
	magazine, err := pool.NewMagazine(64 << 10) // one per loop
	if err != nil {
		log.Fatal(err)
	}
	buf, err := bufstrategy.NewChain(bufstrategy.Options{Magazine: magazine}) // one per connection
	if err != nil {
		log.Fatal(err)
	}
	if _, err := (adapter.Writer{Buffer: buf}).WriteString("hello"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("in use:", budget.Stats().Used)
	buf.Release()
	fmt.Println("kept for the next connection:", budget.Stats().Used)
	for range 2 { // the timer of an idle loop
		magazine.Tick()
	}
	for range 2 {
		pool.Tick()
	}
	fmt.Println("idle:", budget.Stats().Used)
	// Output:
	// in use: 16384
	// kept for the next connection: 16384
	// idle: 0
}
