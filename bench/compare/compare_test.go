package compare

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampled returns a result of made-up costs per round. a and b are peers, x and y are ours.
func sampled(costs map[string][]float64) *Result {
	r := &Result{
		Rounds: 3, Duration: "1s", Date: "2026-01-02", Machine: Machine{Model: "none", Processors: 2},
		Servers: []Server{{Word: "a", Name: "A, one"}, {Word: "b", Name: "b", Version: "v1.2.3"}, {Word: "x", Name: "edgewise, xs, q/r", Ours: true}, {Word: "y", Name: "edgewise, ys, q/r", Ours: true}},
	}
	for _, w := range works(100) {
		if w.Word == speedWork || w.Word == idleWord {
			r.Works = append(r.Works, w)
		}
	}
	for server, all := range costs {
		for round, cost := range all {
			r.Samples = append(r.Samples, Sample{Work: speedWork, Server: server, Round: round, CPU: cost, Rate: 1e9 / cost},
				Sample{Work: idleWord, Server: server, Round: round, Bytes: cost})
		}
		r.Samples = append(r.Samples, Sample{Work: speedWork, Server: server, Round: -1, SystemCalls: 2})
	}
	return r
}

// A ratio compares turns of one round, so that a machine that is slow in one round changes none.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	r := sampled(map[string][]float64{"a": {10, 1000, 20}, "b": {20, 2000, 40}})
	c := r.cell(speedWork, "b")
	if c.ratio != 0.5 || c.ratioLow != 0.5 || c.ratioHigh != 0.5 {
		t.Errorf("got %v, %v to %v, want 0.5 in each round", c.ratio, c.ratioLow, c.ratioHigh)
	}
	if c.cost != 40 || c.systemCalls != 2 {
		t.Errorf("got median %v and %v system calls, want 40 and 2", c.cost, c.systemCalls)
	}
	// A round without the reference has no ratio.
	r = sampled(map[string][]float64{"a": {10}, "b": {10, 1, 1}})
	if got := r.cell(speedWork, "b").ratio; got != 1 {
		t.Errorf("got %v, want that of the only common round, 1", got)
	}
	r = sampled(map[string][]float64{"b": {10}})
	if got := r.cell(speedWork, "b").ratio; !math.IsNaN(got) {
		t.Errorf("without a reference: got %v", got)
	}
}

func TestLossesAreToTheBestForm(t *testing.T) {
	for _, c := range []struct {
		name  string
		costs map[string][]float64
		want  string
	}{
		{"both peers cost less", map[string][]float64{"a": {9, 9, 9}, "b": {8, 8, 8}, "x": {10, 10, 10}, "y": {30, 30, 30}}, "b, A one"},
		{"the other form loses", map[string][]float64{"a": {20, 20, 20}, "b": {25, 25, 25}, "x": {10, 10, 10}, "y": {30, 30, 30}}, "none"},
		{"an equal cost is no loss", map[string][]float64{"a": {10, 10, 10}, "x": {10, 10, 10}}, "none"},
		{"one round of three is no loss", map[string][]float64{"a": {1, 20, 20}, "x": {10, 10, 10}}, "none"},
		{"without a form of ours", map[string][]float64{"a": {1}, "b": {2}}, ""},
	} {
		row := sampled(c.costs).overview().rows[0]
		if got := row[len(row)-1]; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// What was written can be read, printed and written again, and the READMEs keep the rest of their
// text.
func TestWriteReplacesTheParts(t *testing.T) {
	root := t.TempDir()
	before, after := "before\n\n", "after\n"
	readme := func(name, part string) string {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(before+"<!-- generated: "+part+", by go tool mage docs -->\n\nold\n\n<!-- end -->\n"+after), 0o666))
		return path
	}
	names := []string{readme("README.md", "speed"), readme("bench/README.md", "comparison")}
	r := sampled(map[string][]float64{"a": {9, 9, 9}, "b": {8, 8, 8}, "x": {10, 10, 10}})
	r.Failed = []Failure{{speedWork, "y", "it was tired"}}
	var out strings.Builder
	require.NoError(t, r.write(&out, root))
	again, err := read(filepath.Join(root, rawFile))
	require.NoError(t, err)
	for i, want := range [][]string{{"A, one | 0.0 µs | 1.00", "b v1.2.3", "at this load: b, A one", "10 B with edgewise xs q/r"}, {"| 0.90 | failed | b, A one |", "it was tired", "none, 2 processors"}} {
		text, err := os.ReadFile(names[i])
		require.NoError(t, err)
		if !strings.HasPrefix(string(text), before) || !strings.HasSuffix(string(text), "<!-- end -->\n"+after) || strings.Contains(string(text), "old") {
			t.Errorf("%s: got %s", names[i], text)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s: got %s, want %q", names[i], text, w)
			}
		}
	}
	if again.comparisonText() != r.comparisonText() {
		t.Errorf("got %s after reading, want %s", again.comparisonText(), r.comparisonText())
	}
	plot, err := os.ReadFile(filepath.Join(root, plotFile))
	require.NoError(t, err)
	if !strings.Contains(string(plot), "<svg") || strings.Count(string(plot), "many") == 0 {
		t.Errorf("got a plot without the load: %.200s", plot)
	}
	require.NoError(t, os.WriteFile(names[0], []byte("no marks"), 0o666))
	if err := r.write(&out, root); err == nil || !strings.Contains(err.Error(), `no generated part "speed"`) {
		t.Errorf("without marks: got %v", err)
	}
}
