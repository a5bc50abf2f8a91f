package auto

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

func TestNewSaysWhatItPassedOver(t *testing.T) {
	reason := errors.New("forbidden")
	refuse := mechanism{"first", func(string) (queue.Queue, error) { return nil, reason }}
	accept := mechanism{"second", func(string) (queue.Queue, error) { return nil, nil }}
	absent := mechanism{"absent", func(string) (queue.Queue, error) { return nil, errors.ErrUnsupported }}
	_, passed, err := choose([]mechanism{refuse, absent, accept})
	if err != nil || len(passed) != 1 || passed[0] != (Passed{"first", reason}) {
		t.Errorf("choose: got %v, %v; want only the refused mechanism", passed, err)
	}
	_, passed, err = choose([]mechanism{accept, refuse, absent}, "absent:bell", "first")
	want := []Passed{{"absent:bell", errors.ErrUnsupported}, {"first", reason}}
	if err != nil || !slices.Equal(passed, want) {
		t.Errorf("choose with preferences: got %v, %v, want %v", passed, err, want)
	}
	if _, _, err := choose([]mechanism{refuse, refuse}); !errors.Is(err, reason) {
		t.Errorf("choose without a usable mechanism: got error %v, want one that wraps the reasons", err)
	}
}

func TestAnUnknownNameIsRefusedWithTheKnownOnes(t *testing.T) {
	_, err := ByName("select")
	if !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("ByName: got error %v, want ErrInvalid", err)
	}
	for _, name := range Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("ByName: error %q does not name mechanism %s", err, name)
		}
	}
	if _, _, err := New("select"); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("New: got error %v, want ErrInvalid", err)
	}
	t.Setenv(ForceVariable, "select")
	if _, _, err := New(); !errors.Is(err, queue.ErrInvalid) || !strings.Contains(err.Error(), ForceVariable) {
		t.Errorf("New with an invalid variable: got error %v, want ErrInvalid and the name of the variable", err)
	}
}
