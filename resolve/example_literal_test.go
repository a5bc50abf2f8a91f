package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/resolve"
)

// Literal answers an address written as a name. It passes other names on, and Blocking has no
// answer to them in memory.
func ExampleLiteral() {
	lookup := func(context.Context, resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, resolve.ErrNotFound
	}
	strategy := resolve.NewLiteral(resolve.NewBlocking(lookup))
	defer strategy.Close()
	for _, name := range []string{"192.0.2.1", "2001:db8::1", "db.example"} {
		question, err := resolve.NewQuestion(name, resolve.TypeA)
		if err != nil {
			log.Fatal(err)
		}
		answer, err := strategy.Try(question)
		switch {
		case err == nil:
			fmt.Println(name, "has", answer.AppendAddrs(nil))
		case errors.Is(err, resolve.ErrNoData):
			fmt.Println(name, "has no IPv4 address")
		case errors.Is(err, resolve.ErrWouldBlock):
			fmt.Println(name, "has to be started")
		}
	}
	// Output:
	// 192.0.2.1 has [192.0.2.1]
	// 2001:db8::1 has no IPv4 address
	// db.example has to be started
}
