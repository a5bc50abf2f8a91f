package bufstrategy_test

import (
	"io"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/stretchr/testify/require"
)

func TestAWrappedEndOfStreamIsTheEnd(t *testing.T) {
	b, err := bufstrategy.NewFixed(bufstrategy.Options{})
	require.NoError(t, err)
	if o, _, err := bufstrategy.Fill(b, buftest.Answers{N: 0, Err: wrapped{io.EOF}}, 0); o != bufstrategy.EOF || err != nil {
		t.Errorf("Fill: %v, %v, want eof", o, err)
	}
}

type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }

func TestACountOfMoreThanWasGivenPanics(t *testing.T) {
	for name, f := range map[string]func(b bufstrategy.Buffer){
		"source":         func(b bufstrategy.Buffer) { _, _, _ = bufstrategy.Fill(b, buftest.Answers{N: 20}, 10) },
		"source below 0": func(b bufstrategy.Buffer) { _, _, _ = bufstrategy.Fill(b, buftest.Answers{N: -1}, 10) },
		"sink":           func(b bufstrategy.Buffer) { _, _, _ = bufstrategy.Flush(b, buftest.Answers{N: 20}, 10) },
	} {
		b, err := bufstrategy.NewFixed(bufstrategy.Options{})
		require.NoError(t, err)
		buftest.Append(t, b, make([]byte, 100))
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
