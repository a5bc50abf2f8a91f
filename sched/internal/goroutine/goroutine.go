// Package goroutine identifies goroutines.
//
// [Current] returns a number that is unique among the goroutines alive at the same time. A later
// goroutine may get the number of one that has ended. The number is only for comparison: nothing
// can be read from it or found by it. Coroutines of package iter are goroutines of their own.
package goroutine

import (
	"bytes"
	"runtime"
	"strconv"
)

// number returns the number of the calling goroutine in stack dumps. It takes about a microsecond.
// It relies only on promises of package runtime and on the text "goroutine 7 [running]:". It
// returns zero if the text differs.
func number() uintptr {
	var buf [64]byte
	stack := buf[:runtime.Stack(buf[:], false)]
	rest, _ := bytes.CutPrefix(stack, []byte("goroutine "))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	n, err := strconv.ParseUint(string(digits), 10, strconv.IntSize)
	if err != nil {
		return 0
	}
	return uintptr(n)
}
