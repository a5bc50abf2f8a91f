package message_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// A parser resumes its search where it stopped, so that a message that arrives in many parts
// costs one pass.
func ExampleIndexFrom() {
	buf, err := bufstrategy.NewChain(bufstrategy.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	searched := 0
	for _, arrived := range []string{"a long ", "line\nand", " more"} {
		if _, err := (adapter.Writer{Buffer: buf}).WriteString(arrived); err != nil { // Fill, from a socket
			log.Fatal(err)
		}
		end := message.IndexFrom(buf, searched, '\n')
		fmt.Println(searched, end)
		if end >= 0 {
			break
		}
		searched = buf.Len()
	}
	// Output:
	// 0 -1
	// 7 11
}
