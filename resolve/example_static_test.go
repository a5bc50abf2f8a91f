package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// Static owns the names in its table: it does not ask the next strategy for a family that a name
// lacks.
func ExampleStatic() {
	lookup := func(context.Context, resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, resolve.ErrServFail
	}
	names := map[string][]netip.Addr{"db.example": {netip.MustParseAddr("192.0.2.1")}}
	strategy, err := resolve.NewStatic(names, resolve.NewBlocking(lookup))
	if err != nil {
		log.Fatal(err)
	}
	defer strategy.Close()
	for _, t := range []resolve.Type{resolve.TypeA, resolve.TypeAAAA} {
		question, err := resolve.NewQuestion("DB.example.", t)
		if err != nil {
			log.Fatal(err)
		}
		answer, err := strategy.Try(question)
		fmt.Println(question, answer.AppendAddrs(nil), errors.Is(err, resolve.ErrNoData))
	}
	// Output:
	// A db.example [192.0.2.1] false
	// AAAA db.example [] true
}
