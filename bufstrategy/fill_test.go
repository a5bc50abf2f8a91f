package bufstrategy

import (
	"io"
	"testing"
)

func TestAWrappedEndOfStreamIsTheEnd(t *testing.T) {
	b, err := NewFixed(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o, _, err := Fill(b, answers{n: 0, err: wrapped{io.EOF}}, 0); o != EOF || err != nil {
		t.Errorf("Fill: %v, %v, want eof", o, err)
	}
}

type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }

func TestACountOfMoreThanWasGivenPanics(t *testing.T) {
	for name, f := range map[string]func(b Buffer){
		"source":         func(b Buffer) { _, _, _ = Fill(b, answers{n: 20}, 10) },
		"source below 0": func(b Buffer) { _, _, _ = Fill(b, answers{n: -1}, 10) },
		"sink":           func(b Buffer) { _, _, _ = Flush(b, answers{n: 20}, 10) },
	} {
		b, err := NewFixed(Options{})
		if err != nil {
			t.Fatal(err)
		}
		appendTo(t, b, make([]byte, 100))
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(b)
		}()
	}
}
