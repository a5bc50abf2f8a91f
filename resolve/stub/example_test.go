package stub_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// A driver opens links, sends what the actions say, and tells the core what it receives and the
// time. This one has no network: the lookup ends with a timeout, in no time.
func Example() {
	core := stub.New(stub.Options{Servers: []stub.Server{{Addr: netip.MustParseAddrPort("192.0.2.53:53")}}})
	question, err := resolve.NewQuestion("www.example.org", resolve.TypeA)
	if err != nil {
		panic(err)
	}
	inbox := resolve.NewInbox(nil)
	query := &resolve.Query{Question: question, Inbox: inbox, Done: func(_ resolve.Answer, err error) { fmt.Println(err) }}
	query.Accept(nil)
	core.Start(query, 0)

	var work stub.Work
	for now := time.Duration(0); inbox.Len() == 0; {
		core.TakeActions(&work)
		for _, action := range work.Actions() {
			if action.Kind == stub.Send && now == 0 {
				fmt.Println(len(work.Message(action)), "bytes to", action.Link.Addr())
			}
		}
		now, _ = core.Next()
		core.Tick(now)
		for _, q := range core.TakeDone(nil) {
			q.Deliver()
		}
	}
	inbox.Run(0)
	// Output:
	// 56 bytes to 192.0.2.53:53
	// resolve: evented A www.example.org (192.0.2.53:53): timed out
}
