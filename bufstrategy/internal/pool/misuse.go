package pool

import (
	"fmt"
	"runtime"
	"strings"
)

// Kind is a kind of misuse, as the constants of memory.MisuseKind describe.
type Kind int

// The kinds of misuse.
const (
	WrittenOutside Kind = iota + 1
	ReleasedTwice
	UsedAfterRelease
	WrittenAfterRelease
)

var kinds = [...]string{
	WrittenOutside:      "written outside the block",
	ReleasedTwice:       "released twice",
	UsedAfterRelease:    "used after release",
	WrittenAfterRelease: "written after release",
}

func (k Kind) String() string {
	if k > 0 && int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("misuse %d", int(k))
}

// Misuse is a misuse that a guarded Pool found, as memory.Misuse describes.
type Misuse struct {
	Kind                   Kind
	Size, Offset           int
	Taken, Released, Found []uintptr
}

// StackText resolves a stack to functions, files and lines, in the format of a panic.
func StackText(stack []uintptr) string {
	var text strings.Builder
	for frames := runtime.CallersFrames(stack); len(stack) > 0; {
		f, more := frames.Next()
		fmt.Fprintf(&text, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
	return text.String()
}
