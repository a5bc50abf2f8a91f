// Package goroutine tells goroutines apart.
//
// [Current] returns a number that no two goroutines have which live at the same time. The next
// goroutine may have that of one that has ended, and nothing can be read from it or found by it: it
// is for comparing alone. Coroutines of package iter are goroutines of their own.
package goroutine

import (
	"bytes"
	"runtime"
	"strconv"
)

// number returns the number by which stacks name the calling goroutine. It takes about a
// microsecond, and needs nothing that package runtime does not promise, but for the text "goroutine
// 7 [running]:", which zero is returned for if it is another.
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
