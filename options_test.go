package edgewise

import (
	"errors"
	"testing"
)

// An error of Open names the option and what works instead.
func TestOptionErrors(t *testing.T) {
	for _, c := range []struct {
		options      Options
		option, text string
		nearest      string
	}{
		{Options{Mode: "x"}, "Mode", "edgewise: open: Mode x: unknown; want one of edge|level|oneshot", ""},
		{Options{Queue: "x"}, "Queue", "", ""},
		{Options{Resolve: "x"}, "Resolve", "edgewise: open: Resolve x: unknown; want one of adaptive|blocking|evented|pool", ""},
		{Options{Buffer: "kernel"}, "Buffer", "", ""},
		{Options{Loops: MaxLoops + 1}, "Loops", "edgewise: open: Loops 1025: want 0 to 1024", ""},
		{Options{Loops: 1000, Scheduler: "shared"}, "Loops", "", ""},
		{Options{Loops: 2, Scheduler: "single"}, "Scheduler", "edgewise: open: Scheduler single: it has one loop, not 2; the nearest that works is sharded", "sharded"},
		{Options{Loops: 2, Scheduler: "stealing", Buffer: "perloop"}, "Buffer", "", "chain"},
		{Options{BufferMemory: -1}, "BufferMemory", "", ""},
		{Options{MaxConns: -1}, "MaxConns", "", ""},
	} {
		_, err := Open(c.options)
		var o *OptionError
		if !errors.As(err, &o) || o.Option != c.option || o.Nearest != c.nearest || c.text != "" && err.Error() != c.text {
			t.Errorf("got %v, want one about %s", err, c.option)
		}
	}
}
