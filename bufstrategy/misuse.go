package bufstrategy

import (
	"fmt"
	"runtime"
	"strings"
)

// MisuseKind says how memory of a Pool was misused.
type MisuseKind int

const (
	// WrittenOutside is a write before or behind the memory that was lent.
	WrittenOutside MisuseKind = iota + 1

	// ReleasedTwice is a second Release of a Block.
	ReleasedTwice

	// UsedAfterRelease is Bytes of a Block that was released.
	UsedAfterRelease

	// WrittenAfterRelease is a write to memory that was given back.
	WrittenAfterRelease
)

var misuseKinds = [...]string{
	WrittenOutside:      "written outside of what was lent",
	ReleasedTwice:       "released twice",
	UsedAfterRelease:    "used after release",
	WrittenAfterRelease: "written after release",
}

func (k MisuseKind) String() string {
	if k > 0 && int(k) < len(misuseKinds) {
		return misuseKinds[k]
	}
	return fmt.Sprintf("misuse %d", int(k))
}

// Misuse is what a Pool with PoolOptions.Guard has found.
type Misuse struct {
	Kind   MisuseKind
	Size   int // Size is the bytes of the block.
	Offset int // Offset is where the first wrong byte lies, counted from the first of the block; negative before it.

	Taken    Stack // Taken is where the memory was lent.
	Released Stack // Released is where it was given back, the first time. Empty if it was not, or too long ago.
	Found    Stack // Found is where the misuse was found: for ReleasedTwice and UsedAfterRelease where it happened.
}

// Error tells all, on many lines.
func (m *Misuse) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "bufstrategy: pool: block of %d bytes %v", m.Size, m.Kind)
	if m.Kind == WrittenOutside || m.Kind == WrittenAfterRelease {
		fmt.Fprintf(&s, ", at offset %d", m.Offset)
	}
	for _, at := range []struct {
		what  string
		where Stack
	}{{"taken", m.Taken}, {"released", m.Released}, {"found", m.Found}} {
		if len(at.where) > 0 {
			fmt.Fprintf(&s, "\n%s at:\n%v", at.what, at.where)
		}
	}
	return s.String()
}

// Stack is where a goroutine was: program counters, the innermost call first, at most 24.
type Stack []uintptr

// String resolves the stack to functions, files and lines, as a panic prints them.
func (s Stack) String() string {
	var text strings.Builder
	for frames := runtime.CallersFrames(s); len(s) > 0; {
		f, more := frames.Next()
		fmt.Fprintf(&text, "\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			break
		}
	}
	return text.String()
}
