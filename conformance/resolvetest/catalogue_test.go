package resolvetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// rows is the number of rows of the catalogue.
const rows = 175

// TestTheCatalogueIsCovered: each row names what covers it, all of which exists, or a reason. Each
// case about the wire belongs to a row.
func TestTheCatalogueIsCovered(t *testing.T) {
	known := tests(t, "../../resolve/*_test.go", "../../resolve/stub/*_test.go", "../../resolve/evented/*_test.go", "../../resolve/internal/message/*_test.go",
		"../../resolve/netresolver/*_test.go", "../../resolve/sysconfig/*_test.go")
	for _, c := range Cases() {
		known[c.ID] = true
	}
	cited := map[string]bool{}
	all := Catalogue()
	if len(all) != rows {
		t.Errorf("got %d rows, want %d", len(all), rows)
	}
	open := 0
	for _, r := range all {
		if len(r.By) == 0 && r.Open == "" && r.Excluded == "" {
			t.Errorf("row %d, %s: nothing covers it", r.N, r.What)
		}
		for _, by := range r.By {
			if cited[by] = true; !known[by] {
				t.Errorf("row %d, %s: there is no case or test %s", r.N, r.What, by)
			}
		}
		if r.Open != "" {
			open++
			t.Logf("open: row %d, %s: %s", r.N, r.What, r.Open)
		}
	}
	for _, c := range Cases() {
		if strings.HasPrefix(c.ID, "wire/") && !cited[c.ID] {
			t.Errorf("case %s belongs to no row", c.ID)
		}
	}
	t.Logf("%d of %d rows are open", open, len(all))
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
