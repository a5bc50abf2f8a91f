package workspace

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestVersionsAreParsed(t *testing.T) {
	got, err := parseVersions("example.test/w", "# head\n\nsys v0.1.0 yes\n  apps   v1.2.3-rc.1\tno\n")
	want := []Module{
		{"sys", "example.test/w/sys", "v0.1.0", true},
		{"apps", "example.test/w/apps", "v1.2.3-rc.1", false},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if tag := want[0].Tag(); tag != "sys/v0.1.0" {
		t.Errorf("tag is %s", tag)
	}
}

func TestMalformedVersionsAreRefusedWithTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "lists no module",
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
	if got, err := w.GoFiles("."); err != nil || len(got) != 0 {
		t.Errorf("root: got %v, %v, want none: all files are in nested modules", got, err)
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
