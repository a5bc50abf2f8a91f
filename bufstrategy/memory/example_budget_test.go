package memory_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// A Budget bounds the memory of several buffers together. A buffer that was refused memory
// waits until another one gives some back.
func ExampleBudget() {
	budget, err := memory.NewBudget(memory.BudgetOptions{Limit: 12 << 10})
	if err != nil {
		log.Fatal(err)
	}
	var buffers [2]adapter.Writer
	for i := range buffers {
		buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 8 << 10, Budget: budget})
		if err != nil {
			log.Fatal(err)
		}
		defer buf.Release()
		buffers[i].Buffer = buf
		_, err = buffers[i].WriteString("hello")
		fmt.Println("refused:", errors.Is(err, bufstrategy.ErrExhausted))
	}
	waiter := memory.Waiter{Ready: func() { fmt.Println("retry") }} // posts to the loop
	fmt.Println("waiting:", budget.Enqueue(&waiter, bufstrategy.LastRefusal(buffers[1].Buffer)))
	buffers[0].Buffer.Release()
	_, err = buffers[1].WriteString("hello")
	budget.Cancel(&waiter) // ends the turn
	fmt.Println(err, budget.Stats().Used, "of", budget.Limit())
	// Output:
	// refused: false
	// refused: true
	// waiting: true
	// retry
	// <nil> 8192 of 12288
}
