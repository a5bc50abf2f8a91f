package auto

import (
	"errors"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
)

func TestNewSaysWhatItPassedOver(t *testing.T) {
	reason := errors.New("forbidden")
	refuse := mechanism{"first", func(string) (queue.Queue, error) { return nil, reason }}
	accept := mechanism{"second", func(string) (queue.Queue, error) { return nil, nil }}
	_, passed, err := choose([]mechanism{refuse, {"absent", nil}, accept})
	if err != nil || len(passed) != 1 || passed[0] != (Passed{"first", reason}) {
		t.Errorf("got %v, %v", passed, err)
	}
	if _, _, err := choose([]mechanism{refuse, refuse}); !errors.Is(err, reason) {
		t.Errorf("got %v, want the reasons", err)
	}
}

func TestAnUnknownNameIsRefusedWithTheKnownOnes(t *testing.T) {
	_, err := Open("select")
	if !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	for _, name := range Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	t.Setenv(ForceVariable, "select")
	if _, _, err := New(); !errors.Is(err, queue.ErrInvalid) || !strings.Contains(err.Error(), ForceVariable) {
		t.Errorf("got %v, want ErrInvalid and the variable", err)
	}
}

func TestAMechanismThatIsNotBuiltInIsUnsupported(t *testing.T) {
	for _, m := range mechanisms() {
		if m.open != nil {
			continue
		}
		if _, err := Open(m.name); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", m.name, err)
		}
	}
}
