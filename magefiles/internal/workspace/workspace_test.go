package workspace

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersionsAreParsed(t *testing.T) {
	got, err := parseVersions("example.test/w", "# head\n\nsys v0.1.0 yes\n. v0.2.0 yes\n  apps   v1.2.3-rc.1\tno\n")
	want := []Module{
		{"sys", "example.test/w/sys", "v0.1.0", true},
		{".", "example.test/w", "v0.2.0", true},
		{"apps", "example.test/w/apps", "v1.2.3-rc.1", false},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestModulesAreNamedByTheirDirectoryExceptTheRootModule(t *testing.T) {
	for m, want := range map[Module][3]string{
		{Dir: "sys", Path: "example.test/w/sys", Version: "v0.1.0"}:       {"sys", "sys/v0.1.0", "./sys/..."},
		{Dir: "a/deep", Path: "example.test/w/a/deep", Version: "v0.1.0"}: {"a/deep", "a/deep/v0.1.0", "./a/deep/..."},
		{Dir: ".", Path: "example.test/w", Version: "v0.2.0"}:             {"w", "v0.2.0", "./..."},
	} {
		if got := [3]string{m.Name(), m.Tag(), m.Pattern()}; got != want {
			t.Errorf("%s: got %q, want %q", m.Dir, got, want)
		}
	}
}

func TestMalformedVersionsAreRefusedWithTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "does not list the root module",
		"sys v0.1.0 yes":            "does not list the root module",
		"sys v0.1.0":                "line 1",
		"sys v0.1.0 yes x":          "line 1",
		"#\nsys 0.1.0 yes":          "line 2",
		"sys v0.01.0 yes":           "semantic",
		"sys v0.1.0 maybe":          "yes or no",
		"../sys v0.1.0 yes":         "below the root",
		"a v0.1.0 no\na v0.1.0 yes": "line 2: a is listed twice",
	} {
		if _, err := parseVersions("example.test/w", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want one with %q", text, err, want)
		}
	}
}

func TestOwnerIsTheDeepestModule(t *testing.T) {
	w := &Workspace{Prefix: "example.test/w", Modules: []Module{
		{Dir: "a", Path: "example.test/w/a"}, {Dir: "a/deep", Path: "example.test/w/a/deep"},
	}}
	for importPath, want := range map[string]string{
		"example.test/w":          ".",
		"example.test/w/internal": ".",
		"example.test/w/a":        "a",
		"example.test/w/a/x":      "a",
		"example.test/w/ab":       ".",
		"example.test/w/a/deep/x": "a/deep",
		"example.test/wide":       "",
		"net":                     "",
	} {
		if got, ours := w.Owner(importPath); got != want || ours != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", importPath, got, ours, want)
		}
	}
}

func TestGoFilesLeavesOutWhatTheGoCommandLeavesOut(t *testing.T) {
	w := fixture(t, map[string]string{"c/_off/x.go": "package x", "c/.hid/x.go": "package x", "c/vendor/x.go": "package x"})
	got, err := w.GoFiles("c")
	if want := []string{"c/sub/c.go"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	got, err = w.GoFiles(".")
	if want := []string{"w.go"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("root: got %v, %v, want %v: all other files are in nested modules", got, err, want)
	}
}

func TestFindLooksUpwards(t *testing.T) {
	w := fixture(t, nil)
	got, err := Find(filepath.Join(w.Root, "c", "sub"))
	if err != nil || got.Root != w.Root || got.Prefix != "example.test/w" {
		t.Errorf("got %+v, %v, want root %s", got, err, w.Root)
	}
	if _, err := Find(t.TempDir()); err == nil {
		t.Error("found a workspace where there is none")
	}
}

// The root needs a version of its own, or the go command may look for a package of another module
// in the root only.
func TestTheRootHasAVersionOfItsOwn(t *testing.T) {
	_, err := parseVersions("example.com/m", "a v0.1.0 yes\nb v0.2.0 no\n. v0.2.0 yes\n")
	require.NoError(t, err)
	_, err = parseVersions("example.com/m", "a v0.1.0 yes\n. v0.1.0 yes\n")
	require.ErrorContains(t, err, "the root module and a have the version v0.1.0")
}
