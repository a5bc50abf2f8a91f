package bufstrategy_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// A proxy moves the bytes that it received from one connection to the other without a copy: the
// segments change owner.
func ExampleChain_MoveFrom() {
	pool, err := memory.NewPool(1<<20, 64<<10)
	if err != nil {
		log.Fatal(err)
	}
	options := bufstrategy.Options{Pool: pool, Segment: 4 << 10}
	in, err := bufstrategy.NewChain(options)
	if err != nil {
		log.Fatal(err)
	}
	out, err := bufstrategy.NewChain(options)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := (adapter.Writer{Buffer: in}).Write(bytes.Repeat([]byte("x"), 10<<10)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("moved", out.MoveFrom(in), "copied", out.Stats().Copied)
	fmt.Println(in.Len(), out.Len(), len(out.Segments()))
	// Output:
	// moved 10240 copied 0
	// 0 10240 3
}
