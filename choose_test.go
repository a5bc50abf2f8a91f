package edgewise

import (
	"context"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// choicesOf opens a Stack with these options, and returns what it chose by the option.
func choicesOf(t *testing.T, o Options) map[string]Choice {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Choice{}
	for _, c := range s.Choices() {
		if c.Reason == "" {
			t.Errorf("%v: no reason", c)
		}
		got[c.Option] = c
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	return got
}

// The choice of IO follows what the mechanism can do, and nothing is chosen that the caller named.
func TestChoicesFollowFeatures(t *testing.T) {
	for _, name := range auto.Names() {
		q, err := auto.ByName(name)
		if err != nil {
			continue // this system lacks it
		}
		_, performs := q.(queue.Completer)
		f := q.Features()
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		io, mechanism := "readiness", ""
		if performs && f.Completions {
			io = "completion"
		}
		if name == auto.Auto {
			mechanism = f.Mechanism
		}
		got := choicesOf(t, Options{Queue: name})
		if got["IO"].Name != io || !strings.Contains(got["IO"].Reason, f.Mechanism) || got["Queue"].Name != mechanism {
			t.Errorf("%s: got %v, want IO %s because of %s, and Queue %q", name, got, io, f.Mechanism, mechanism)
		}
	}
	best := choicesOf(t, Options{})["Queue"].Name
	if got := choicesOf(t, Options{Queue: best, IO: "completion"}); len(got) > 0 {
		t.Errorf("got %v, want none: the caller named all", got)
	}
	own := func() (queue.Queue, error) { return auto.ByName(best) }
	if got := choicesOf(t, Options{OpenQueue: own}); got["IO"].Name != "readiness" {
		t.Errorf("got %v for a queue of the caller, want IO readiness", got)
	}
}

func TestAForcedQueueIsAChoice(t *testing.T) {
	best := choicesOf(t, Options{})["Queue"].Name
	t.Setenv(auto.ForceVariable, best)
	want := "Queue " + best + ": " + auto.ForceVariable + " is set"
	if got := choicesOf(t, Options{})["Queue"].String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
