package bufstrategy_test

import (
	"fmt"
	"io"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// arrivals is a TryReader like a socket whose peer sends a few bytes and then finishes.
type arrivals struct {
	bytes   string
	drained bool
}

// TryReadv reads into the first segment. It would block once before the end of the stream.
func (a *arrivals) TryReadv(segs [][]byte) (int, error) {
	n := copy(segs[0], a.bytes)
	a.bytes = a.bytes[n:]
	switch {
	case n > 0:
		return n, nil
	case !a.drained:
		a.drained = true
		return 0, adapter.ErrEmpty // has the method WouldBlock
	default:
		return 0, io.EOF
	}
}

// Fill reports why it stopped. After Full the caller consumes bytes and calls Fill again without
// waiting. Only after Drained does it wait for readiness.
func ExampleFill() {
	buf, err := bufstrategy.NewFixed(bufstrategy.Options{Limit: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	conn := &arrivals{bytes: "0123456789"}
	for outcome := bufstrategy.Full; outcome != bufstrategy.EOF; {
		var n int
		outcome, n, err = bufstrategy.Fill(buf, conn, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(outcome, n)
		buf.Discard(buf.Len())
	}
	// Output:
	// full 4
	// full 4
	// drained 2
	// eof 0
}
