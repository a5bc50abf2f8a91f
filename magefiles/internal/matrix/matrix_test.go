package matrix

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func matrixOf(t *testing.T, lines ...string) Matrix {
	t.Helper()
	m := Matrix{}
	for _, line := range lines {
		platform, line, _ := strings.Cut(line, " | ")
		require.NoError(t, m.Add(platform, line))
	}
	return m
}

func TestTheFileIsReadAsItWasWritten(t *testing.T) {
	m := matrixOf(t, "a/b (c) | queue x+y: 1 pass", "a/b (c) | queue poll: unavailable (why: because)", "d/e | resolve z z: 2 pass")
	name := filepath.Join(t.TempDir(), "new", "m.txt")
	require.NoError(t, m.Write(name, "one\ntwo\n"))
	text, err := os.ReadFile(name)
	want := "# one\n# two\na/b (c)\n\tqueue poll: unavailable (why: because)\n\tqueue x+y: 1 pass\nd/e\n\tresolve z z: 2 pass\n"
	if err != nil || string(text) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, text, want)
	}
	got, err := Read(name)
	if err != nil || !maps.EqualFunc(got, m, maps.Equal) {
		t.Errorf("got %v, %v, want %v", got, err, m)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"\tqueue x: 1\n":                         "m.txt:1: a result before",
		"# c\n\np\n\tqueue\n":                    "m.txt:4: matrix: \"queue\" is not a result",
		"p\n\tqueue x: 1 pass\nq\n\tqueue x 2\n": "m.txt:4: matrix: ",
	} {
		name := filepath.Join(t.TempDir(), "m.txt")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
		if _, err := Read(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if m, err := Read(filepath.Join(t.TempDir(), "none")); err != nil || len(m) != 0 {
		t.Errorf("no file: got %v, %v", m, err)
	}
}

func TestASecondResultIsKeptBesideTheFirst(t *testing.T) {
	m := matrixOf(t, "p | queue x: 1 pass", "p | queue x: 2 pass", "p | queue x: 1 pass")
	want := map[string]string{"queue x": "1 pass", "queue x (2)": "2 pass", "queue x (3)": "1 pass"}
	if !maps.Equal(m["p"], want) {
		t.Errorf("got %v, want %v", m["p"], want)
	}
}

func TestARecordIsFoundUntilItIsForgotten(t *testing.T) {
	root := t.TempDir()
	for _, platform := range []string{"a/b (c)", "d/e"} {
		require.NoError(t, Record(root, platform, []string{"CONFORMANCE queue x: 1 pass"}))
	}
	want := matrixOf(t, "a/b (c) | queue x: 1 pass", "d/e | queue x: 1 pass")
	if m, err := Recorded(root); err != nil || !maps.EqualFunc(m, want, maps.Equal) {
		t.Errorf("got %v, %v, want %v", m, err, want)
	}
	require.NoError(t, Drop(root, "a/b (c)"))
	if m, err := Recorded(root); err != nil || len(m) != 1 || m["d/e"] == nil {
		t.Errorf("after Drop: got %v, %v", m, err)
	}
	require.NoError(t, Forget(root))
	if m, err := Recorded(root); err != nil || len(m) != 0 {
		t.Errorf("after Forget: got %v, %v", m, err)
	}
}

func TestCompareShowsBothSidesAndLeavesWhatWasNotRun(t *testing.T) {
	committed := matrixOf(t, "p | queue same: 1 pass", "p | queue less: 2 pass", "p | queue gone: 3 pass", "q | queue other: 4 pass",
		"p | queue refused: 5 pass", "p | queue never: unavailable (one)", "p | queue mended: unavailable (one)")
	seen := matrixOf(t, "p | queue same: 1 pass", "p | queue less: 1 pass", "p | queue new: 6 pass",
		"p | queue refused: unavailable (two)", "p | queue never: unavailable (two)", "p | queue mended: 7 pass")
	d := Compare(committed, seen)
	want := []string{
		"- p: queue gone: 3 pass", "- p: queue less: 2 pass", "+ p: queue less: 1 pass",
		"- p: queue mended: unavailable (one)", "+ p: queue mended: 7 pass", "+ p: queue new: 6 pass",
	}
	if !slices.Equal(d.Lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(d.Lines, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(d.Unavailable, []string{"p: queue refused: unavailable (two)"}) {
		t.Errorf("unavailable: got %q", d.Unavailable)
	}
	committed.Replace(seen)
	if d := Compare(committed, seen); len(d.Lines) != 0 || committed["p"]["queue refused"] != "5 pass" || committed["q"] == nil {
		t.Errorf("after Replace: %v differs from %v", committed, d)
	}
	if _, ok := committed["p"]["queue gone"]; ok {
		t.Error("an implementation that is gone is still in the matrix")
	}
}

func TestCheckFailsUntilTheDifferenceIsAccepted(t *testing.T) {
	root := t.TempDir()
	var out strings.Builder
	if err := Check(&out, root, false); err == nil || !strings.Contains(err.Error(), "nothing is recorded") {
		t.Errorf("nothing recorded: got %v", err)
	}
	record := func(lines ...string) {
		t.Helper()
		require.NoError(t, Record(root, "p", lines))
	}
	record("CONFORMANCE queue x: 2 pass")
	err := Check(&out, root, false)
	if err == nil || !strings.Contains(err.Error(), "conformanceWrite") || !strings.Contains(out.String(), "+ p: queue x: 2 pass\n") {
		t.Errorf("new: got %v\n%s", err, out.String())
	}
	require.NoError(t, Accept(&out, root))
	if err := Check(&out, root, true); err != nil {
		t.Errorf("accepted: got %v", err)
	}
	record("CONFORMANCE queue x: 1 pass, 0 n/a, 0 waived, 1 violated")
	if err := Accept(&out, root); err == nil || !strings.Contains(err.Error(), "not accepted: p: queue x: ") {
		t.Errorf("a violation: got %v", err)
	}
	record("CONFORMANCE queue x: unavailable (refused)")
	if err := Check(&out, root, false); err != nil || !strings.Contains(out.String(), "not available here: p: queue x: unavailable (refused)") {
		t.Errorf("refused: got %v\n%s", err, out.String())
	}
	if err := Check(&out, root, true); err == nil {
		t.Error("refused where it must be available: got no error")
	}
}
