//go:build unix

package sys_test

import (
	"fmt"
	"log"

	"github.com/edgewise-go/edgewise/sys"
)

// A pipe never blocks its reader: while it is empty, Read returns ErrWouldBlock. Zero bytes without
// an error are the end, after the writer has closed its handle.
func ExamplePipe() {
	r, w, err := sys.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(r)
	p := make([]byte, 16)
	_, err = sys.Read(r, p)
	fmt.Println(err == sys.ErrWouldBlock)
	if _, err := sys.Write(w, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	if err := sys.Close(w); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		n, err := sys.Read(r, p)
		fmt.Printf("%q %v\n", p[:n], err)
	}
	// Output:
	// true
	// "hello" <nil>
	// "" <nil>
}
