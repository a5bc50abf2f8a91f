package bufstrategy_test

import (
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// Code that wants an io.Reader gets ErrEmpty while more bytes may arrive. The caller sets End once
// the stream has ended.
func ExampleReader() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	if _, err := (bufstrategy.Writer{Buffer: buf}).WriteString("hello"); err != nil {
		log.Fatal(err)
	}
	r := bufstrategy.Reader{Buffer: buf}
	text, err := io.ReadAll(&r)
	fmt.Println(string(text), errors.Is(err, bufstrategy.ErrEmpty))
	r.End = io.EOF // Fill has reported EOF
	text, err = io.ReadAll(&r)
	fmt.Println(string(text), err)
	// Output:
	// hello true
	//  <nil>
}
