package memory_test

import (
	"fmt"

	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// A program can use pooled memory without a buffer.
func ExamplePool() {
	pool, err := memory.NewPoolOf(memory.PoolOptions{Limit: 64 << 20, Keep: 8 << 20})
	if err != nil {
		panic(err)
	}
	for range 3 {
		block, err := pool.Take(10_000)
		if err != nil {
			panic(err)
		}
		p := block.Bytes()
		fmt.Println(len(p), cap(p))
		block.Release()
	}
	s := pool.Stats()
	fmt.Println(s.Hits, "of", s.Takes, "takes were hits")
	// Output:
	// 10000 16384
	// 10000 16384
	// 10000 16384
	// 2 of 3 takes were hits
}

// The debug mode of a Pool detects a second Release. The error holds the stacks of the take and of
// both releases.
func ExampleMisuse() {
	pool, err := memory.NewPoolOf(memory.PoolOptions{
		Limit: 1 << 20, Guard: true,
		Report: func(m *memory.Misuse) { fmt.Println(m.Kind) },
	})
	if err != nil {
		panic(err)
	}
	block, err := pool.Take(1000)
	if err != nil {
		panic(err)
	}
	block.Release()
	block.Release()
	// Output: released twice
}
