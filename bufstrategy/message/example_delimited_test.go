package message_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
	"github.com/edgewise-go/edgewise/bufstrategy/message"
)

// Delimited finds messages that end in several bytes, even if the delimiter arrives in parts.
func ExampleDelimited() {
	buf, err := bufstrategy.NewChain(bufstrategy.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	messages := message.Delimited{Delim: []byte("]]>")}
	for _, arrived := range []string{"one]", "]", ">two"} {
		if _, err := (adapter.Writer{Buffer: buf}).WriteString(arrived); err != nil { // Fill, from a socket
			log.Fatal(err)
		}
		message, size, err := messages.Next(buf)
		fmt.Printf("%q %d %v\n", message, size, err)
	}
	// Output:
	// "" 0 bufstrategy: fewer bytes unread than asked for
	// "" 0 bufstrategy: fewer bytes unread than asked for
	// "one" 6 <nil>
}
