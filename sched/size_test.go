package sched

import (
	"testing"
	"unsafe"
)

// A handler's slot, with the two words of the Handler, is what an idle connection costs beside its
// socket and the handler's own fields.
func TestWhatWaitsIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(handlerSlot{}); n > 32 {
		t.Errorf("a handler's slot has %d bytes", n)
	}
	if n := unsafe.Sizeof(Task{}); n > 288 {
		t.Errorf("a Task has %d bytes", n)
	} else {
		t.Logf("a handler's slot has %d bytes, a Task %d", unsafe.Sizeof(handlerSlot{}), n)
	}
}
