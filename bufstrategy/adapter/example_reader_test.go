package adapter_test

import (
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/adapter"
)

// Code that wants an io.Reader gets ErrEmpty while more bytes may arrive. The caller sets End once
// the stream has ended.
func ExampleReader() {
	buf, err := bufstrategy.NewRing(bufstrategy.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Release()
	if _, err := (adapter.Writer{Buffer: buf}).WriteString("hello"); err != nil {
		log.Fatal(err)
	}
	r := adapter.Reader{Buffer: buf}
	text, err := io.ReadAll(&r)
	fmt.Println(string(text), errors.Is(err, adapter.ErrEmpty))
	r.End = io.EOF // Fill has reported EOF
	text, err = io.ReadAll(&r)
	fmt.Println(string(text), err)
	// Output:
	// hello true
	//  <nil>
}
