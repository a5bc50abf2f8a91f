package queuetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheCatalogueIsCovered: each row names what covers it, all of which exists, or a reason. Rows
// 1, 2 and 42 to 73 are there.
func TestTheCatalogueIsCovered(t *testing.T) {
	known := tests(t, "../../queue/*/*_test.go", "../../sys/*_test.go")
	for _, c := range Cases() {
		known[c.ID] = true
	}
	want := []int{1, 2}
	for n := 42; n <= 73; n++ {
		want = append(want, n)
	}
	all := Catalogue()
	if len(all) != len(want) {
		t.Fatalf("got %d rows, want %d", len(all), len(want))
	}
	for i, r := range all {
		if r.Number != want[i] {
			t.Errorf("row %d has number %d, want %d", i+1, r.Number, want[i])
		}
		if len(r.By) == 0 && r.Excluded == "" {
			t.Errorf("row %d, %s: nothing covers it", r.Number, r.What)
		}
		for _, by := range r.By {
			if !known[by] {
				t.Errorf("row %d, %s: there is no case or test %s", r.Number, r.What, by)
			}
		}
	}
}

// tests returns the tests in files, as "package.TestX".
func tests(t *testing.T, patterns ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					found[strings.TrimSuffix(f.Name.Name, "_test")+"."+fn.Name.Name] = true
				}
			}
		}
	}
	return found
}
