package edgewise

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
)

// choicesOf opens a Stack with these options, and returns what it chose.
func choicesOf(t *testing.T, o Options) map[string]Choice {
	t.Helper()
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	got := map[string]Choice{}
	for _, c := range s.Choices() {
		require.NotEmpty(t, c.Reason)
		got[c.Option] = c
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
		require.NoError(t, q.Close())
		want := "readiness"
		if performs && f.Completions {
			want = "completion"
		}
		got := choicesOf(t, Options{Queue: name})
		require.Equal(t, want, got["IO"].Name, name)
		require.Contains(t, got["IO"].Reason, f.Mechanism)
		if name == auto.Auto {
			require.Equal(t, f.Mechanism, got["Queue"].Name)
		} else {
			require.Empty(t, got["Queue"])
		}
	}
	best := choicesOf(t, Options{})["Queue"].Name
	require.Empty(t, choicesOf(t, Options{Queue: best, IO: "completion"}))
	own := func() (queue.Queue, error) { return auto.ByName(best) }
	require.Equal(t, "readiness", choicesOf(t, Options{OpenQueue: own})["IO"].Name)
}

func TestAForcedQueueIsAChoice(t *testing.T) {
	best := choicesOf(t, Options{})["Queue"].Name
	t.Setenv(auto.ForceVariable, best)
	got := choicesOf(t, Options{})
	require.Equal(t, "Queue "+best+": "+auto.ForceVariable+" is set", got["Queue"].String())
}
