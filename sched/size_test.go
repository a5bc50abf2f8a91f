package sched

import (
	"testing"
	"unsafe"
)

// A HandlerTask is what an idle connection costs beside its socket and the handler's own fields.
func TestAHandlerTaskFitsIts96Bytes(t *testing.T) {
	if n := unsafe.Sizeof(HandlerTask{}); n > 96 {
		t.Errorf("%d bytes", n)
	}
	if n := unsafe.Sizeof(Task{}); n > 288 {
		t.Errorf("a Task has %d bytes", n)
	} else {
		t.Logf("HandlerTask %d bytes, Task %d", unsafe.Sizeof(HandlerTask{}), n)
	}
}
