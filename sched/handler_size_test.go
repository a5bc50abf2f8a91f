package sched

import (
	"testing"
	"unsafe"
)

// A handler's slot plus the two words of its Handler is the memory of an idle connection, besides
// its socket and the handler's own fields.
func TestWhatWaitsIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(handlerSlot{}); n > 32 {
		t.Errorf("handler slot: got %d bytes, want at most 32", n)
	}
	if n := unsafe.Sizeof(Task{}); n > 288 {
		t.Errorf("Task: got %d bytes, want at most 288", n)
	} else {
		t.Logf("handler slot: %d bytes, Task: %d bytes", unsafe.Sizeof(handlerSlot{}), n)
	}
}
