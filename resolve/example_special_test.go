package resolve_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/resolve"
)

// Names that must not reach a name server are answered from memory.
func ExampleSpecial() {
	strategy := resolve.NewSpecial(resolve.SpecialOptions{DenyLocal: true}, resolve.NewBlocking(resolve.System{}.Lookup))
	defer strategy.Close()
	for _, name := range []string{"app.localhost", "hidden.onion", "printer.local", "www.example"} {
		question, err := resolve.NewQuestion(name, resolve.TypeAAAA)
		if err != nil {
			log.Fatal(err)
		}
		answer, err := strategy.Try(question)
		fmt.Println(name, answer.AppendAddrs(nil), err)
	}
	// Output:
	// app.localhost [::1] <nil>
	// hidden.onion [] resolve: special "name in onion": no such host
	// printer.local [] resolve: special "name in local": no such host
	// www.example [] resolve: would block
}
