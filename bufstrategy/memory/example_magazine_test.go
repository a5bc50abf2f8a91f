package memory_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// Each loop takes blocks from a Magazine of its own, without the lock of the Pool.
func ExampleMagazine() {
	pool, err := memory.NewPool(1<<20, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	magazine, err := pool.NewMagazine(64 << 10)
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		block, err := magazine.Take(1000)
		if err != nil {
			log.Fatal(err)
		}
		magazine.Put(block)
	}
	magazine.Tick() // the loop's timer; it also reports to the Pool
	s := pool.Stats()
	fmt.Println(s.Hits, "of", s.Takes, "takes were hits,", s.Cached, "bytes cached")
	magazine.Close()
	fmt.Println(pool.Stats().Cached, "bytes cached,", pool.Stats().Kept, "kept by the pool")
	// Output:
	// 2 of 3 takes were hits, 1024 bytes cached
	// 0 bytes cached, 1024 kept by the pool
}

// The segments of a Chain come from the Magazine of its loop.
func ExampleMagazine_chain() {
	pool, err := memory.NewPool(1<<20, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	magazine, err := pool.NewMagazine(64 << 10)
	if err != nil {
		log.Fatal(err)
	}
	defer magazine.Close()
	for range 3 { // connections
		buf, err := bufstrategy.NewChain(bufstrategy.Options{Magazine: magazine, Segment: 4 << 10})
		if err != nil {
			log.Fatal(err)
		}
		if _, err := (adapter.Writer{Buffer: buf}).WriteString("hello"); err != nil {
			log.Fatal(err)
		}
		buf.Release()
	}
	magazine.Tick()
	s := pool.Stats()
	fmt.Println(s.Hits, "of", s.Takes, "segments were reused")
	// Output: 2 of 3 segments were reused
}
