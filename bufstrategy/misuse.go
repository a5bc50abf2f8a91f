package bufstrategy

import (
	"fmt"
	"runtime"
	"strings"
)

// MisuseKind is a kind of misuse of Pool memory.
type MisuseKind int

const (
	// WrittenOutside is a write before or after the memory of a block.
	WrittenOutside MisuseKind = iota + 1

	// ReleasedTwice is a second Release of a Block.
	ReleasedTwice

	// UsedAfterRelease is a call of Bytes on a released Block.
	UsedAfterRelease

	// WrittenAfterRelease is a write to memory that was given back.
	WrittenAfterRelease
)

var misuseKinds = [...]string{
	WrittenOutside:      "written outside the block",
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

// Misuse describes a misuse found by a Pool with PoolOptions.Guard.
type Misuse struct {
	Kind   MisuseKind
	Size   int // Size is the size of the block in bytes.
	Offset int // Offset is the position of the first wrong byte, counted from the start of the block. It is negative before the block.

	Taken    Stack // Taken is the stack that took the memory.
	Released Stack // Released is the stack of the first release. It is empty if there was none, or too long ago.
	Found    Stack // Found is the stack that found the misuse. For ReleasedTwice and UsedAfterRelease it is the misuse itself.
}

// Error describes the misuse with all stacks, on several lines.
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

// Stack is the call stack of a goroutine as program counters, innermost call first, at most 24.
type Stack []uintptr

// String resolves the stack to functions, files and lines, in the format of a panic.
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
