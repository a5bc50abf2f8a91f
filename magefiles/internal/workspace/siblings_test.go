package workspace

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACorrectWorkspaceHasNoFindings(t *testing.T) {
	got, err := fixture(t, nil).CheckSiblings()
	if err != nil || len(got) != 0 {
		t.Errorf("got %q, %v, want none", got, err)
	}
}

func TestEachPlantedFaultIsFound(t *testing.T) {
	for _, c := range []struct {
		name    string
		changed map[string]string
		want    []string
	}{
		{"stale require", replaceIn("c/go.mod", "b v0.2.0", "b v0.1.0"),
			[]string{"c/go.mod: requires b v0.1.0, versions.txt has v0.2.0"}},
		{"stale indirect require", replaceIn("c/go.mod", "a v0.1.0", "a v0.0.9"),
			[]string{"c/go.mod: requires a v0.0.9, versions.txt has v0.1.0"}},
		{"missing require", replaceIn("b/go.mod", "require example.test/w/a v0.1.0", ""),
			[]string{"b/go.mod: does not require a, which is imported"}},
		{"stale require by the root module", replaceIn("go.mod", "b v0.2.0", "b v0.1.0"),
			[]string{"go.mod: requires b v0.1.0, versions.txt has v0.2.0"}},
		{"stale require of the root module", replaceIn("c/go.mod", "w v0.3.0", "w v0.2.0"),
			[]string{"c/go.mod: requires . v0.2.0, versions.txt has v0.3.0"}},
		{"missing replace of the root module", replaceIn("c/go.mod", "\texample.test/w => ../\n", ""),
			[]string{"c/go.mod: does not replace ., so it does not build with GOWORK=off"}},
		{"replace by the root module that leads elsewhere", replaceIn("go.mod", "./b", "./a"),
			[]string{"go.mod: replaces b by ./a, want ./b for every version"}},
		{"require of no module", map[string]string{"a/go.mod": correct["a/go.mod"] + "require example.test/w/none v0.1.0\n"},
			[]string{"a/go.mod: requires example.test/w/none, which is not a module of versions.txt"}},
		{"replace of no module", map[string]string{"a/go.mod": correct["a/go.mod"] + "replace example.test/w/none => ../\n"},
			[]string{"a/go.mod: replaces example.test/w/none: only siblings may be replaced, because a replace is ignored in dependencies"}},
		{"missing transitive replace", replaceIn("c/go.mod", "\texample.test/w/a => ../a\n", ""),
			[]string{"c/go.mod: does not replace a, so it does not build with GOWORK=off"}},
		{"replace that leads elsewhere", replaceIn("b/go.mod", "../a", "../c"),
			[]string{"b/go.mod: replaces a by ../c, want ../a for every version"}},
		{"replace of one version", replaceIn("b/go.mod", "example.test/w/a =>", "example.test/w/a v0.1.0 =>"),
			[]string{"b/go.mod: replaces a v0.1.0 by ../a, want ../a for every version"}},
		{"replace of a stranger", map[string]string{"a/go.mod": correct["a/go.mod"] + "replace example.org/x => ../b\n"},
			[]string{"a/go.mod: replaces example.org/x: only siblings may be replaced, because a replace is ignored in dependencies"}},
		{"superfluous", map[string]string{"b/b_windows.go": "package b\n"},
			[]string{"b/go.mod: requires a, which nothing here imports", "b/go.mod: replaces a, which is not in its graph",
				"go.mod: requires a, which nothing here imports", "go.mod: replaces a, which is not in its graph",
				"c/go.mod: requires a, which nothing here imports", "c/go.mod: replaces a, which is not in its graph"}},
		{"toolchain line", map[string]string{"a/go.mod": correct["a/go.mod"] + "toolchain go1.26.8\n"},
			[]string{"a/go.mod: has a toolchain line, which every user would inherit"}},
		{"tool line", map[string]string{"a/go.mod": correct["a/go.mod"] + "tool example.org/x/cmd\n"},
			[]string{"a/go.mod: has a tool line for example.org/x/cmd, whose module every importer would receive"}},
		{"tool line of an unreleased module", map[string]string{"c/go.mod": correct["c/go.mod"] + "tool example.org/x/cmd\n"}, nil},
		{"wrong module path", replaceIn("a/go.mod", "w/a", "w/z"),
			[]string{"a/go.mod: module is example.test/w/z, want example.test/w/a"}},
		{"require of an unreleased module", map[string]string{
			"versions.txt": strings.Replace(correct["versions.txt"], "a v0.1.0 yes", "a v0.1.0 no", 1)},
			[]string{"b/go.mod: requires a, which is not released", "go.mod: requires a, which is not released"}},
		{"root module not in go.work", replaceIn("go.work", "\t.\n", ""), []string{"go.work: does not use ."}},
		{"not in go.work", replaceIn("go.work", "\t./b\n", ""), []string{"go.work: does not use b"}},
		{"stranger in go.work", replaceIn("go.work", "\t./b\n", "\t./b\n\t./d\n"),
			[]string{"go.work: uses d, which versions.txt does not name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fixture(t, c.changed).CheckSiblings()
			if err != nil || strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got %v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestWriteRepairsWhatCheckFinds(t *testing.T) {
	changed := map[string]string{
		"a/go.mod": correct["a/go.mod"] + "require example.test/w/b v0.2.0\nreplace example.test/w/b => ../b\n",
		"b/go.mod": "module example.test/w/b\n\ngo 1.26.0\n\nreplace example.test/w/a v0.1.0 => ../c\n",
	}
	maps.Copy(changed, replaceIn("c/go.mod", "(\n\texample.test/w v0.3.0\n\texample.test/w/b v0.2.0\n)", "example.test/w/none v0.0.1"))
	maps.Copy(changed, replaceIn("go.mod", "./b", "../b"))
	w := fixture(t, changed)
	if got, err := w.CheckSiblings(); err != nil || len(got) < 5 {
		t.Fatalf("got %q, %v before, want the planted faults", got, err)
	}
	require.NoError(t, w.WriteSiblings())
	if got, err := w.CheckSiblings(); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v after, want none", got, err)
	}
	text, err := os.ReadFile(filepath.Join(w.Root, "b", "go.mod"))
	if want := "replace example.test/w/a => ../a\n"; err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("b/go.mod is %v\n%s", err, text)
	}
	text, err = os.ReadFile(filepath.Join(w.Root, "go.mod"))
	if want := "replace example.test/w/a => ./a\n\nreplace example.test/w/b => ./b\n"; err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("go.mod is %v\n%s", err, text)
	}
}
