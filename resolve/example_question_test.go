package resolve_test

import (
	"errors"
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/resolve"
)

// ParseName converts a name to canonical form, so that spellings of one name are equal. It refuses
// what some resolvers treat as an address and others as a name.
func ExampleParseName() {
	for _, s := range []string{"DB.Example.", "db.example", "::ffff:192.0.2.1", "127.1", "-db.example"} {
		name, err := resolve.ParseName(s)
		if errors.Is(err, resolve.ErrName) {
			fmt.Println(s, "is malformed")
			continue
		}
		_, literal := name.Addr()
		fmt.Println(s, "is", name, literal)
	}
	// Output:
	// DB.Example. is db.example false
	// db.example is db.example false
	// ::ffff:192.0.2.1 is 192.0.2.1 true
	// 127.1 is malformed
	// -db.example is malformed
}

// Questions are comparable and can be the keys of a map.
func ExampleNewQuestion() {
	asked := make(map[resolve.Question]int)
	for _, name := range []string{"db.example", "DB.example."} {
		question, err := resolve.NewQuestion(name, resolve.TypeAAAA)
		if err != nil {
			log.Fatal(err)
		}
		asked[question]++
	}
	fmt.Println(asked)
	// Output: map[AAAA db.example:2]
}
