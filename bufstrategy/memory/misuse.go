package memory

import (
	"fmt"
	"strings"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/pool"
)

// MisuseKind is a kind of misuse of Pool memory.
type MisuseKind int

// The kinds of misuse.
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

// String returns a description. The kinds have the values of those in internal/pool.
func (k MisuseKind) String() string { return pool.Kind(k).String() }

// Misuse describes a misuse found by a Pool with PoolOptions.Guard. The stacks are program counters
// for runtime.CallersFrames, innermost call first, at most 24.
type Misuse struct {
	Kind   MisuseKind
	Size   int // Size is the size of the block in bytes.
	Offset int // Offset is the position of the first wrong byte, counted from the start of the block. It is negative before the block.

	Taken    []uintptr // Taken is the stack that took the memory.
	Released []uintptr // Released is the stack of the first release. It is empty if there was none, or too long ago.
	Found    []uintptr // Found is the stack that found the misuse. For ReleasedTwice and UsedAfterRelease it is the misuse itself.
}

// Error describes the misuse with all stacks, on several lines.
func (m *Misuse) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "memory: pool: block of %d bytes %v", m.Size, m.Kind)
	if m.Kind == WrittenOutside || m.Kind == WrittenAfterRelease {
		fmt.Fprintf(&s, ", at offset %d", m.Offset)
	}
	for _, at := range []struct {
		what  string
		where []uintptr
	}{{"taken", m.Taken}, {"released", m.Released}, {"found", m.Found}} {
		if len(at.where) > 0 {
			fmt.Fprintf(&s, "\n%s at:\n%s", at.what, pool.StackText(at.where))
		}
	}
	return s.String()
}

// reporter returns a function that passes each misuse to report, or panics with it if report is
// nil.
func reporter(report func(*Misuse)) func(*pool.Misuse) {
	return func(m *pool.Misuse) {
		found := &Misuse{
			Kind: MisuseKind(m.Kind), Size: m.Size, Offset: m.Offset, Taken: m.Taken, Released: m.Released, Found: m.Found,
		}
		if report == nil {
			panic(found)
		}
		report(found)
	}
}
