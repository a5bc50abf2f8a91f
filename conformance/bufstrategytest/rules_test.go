package bufstrategytest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// A rule is enforced only if it is promised: each must stand, word for word, in a doc comment of package bufstrategy.
func TestEveryRuleIsASentenceOfTheDocumentation(t *testing.T) {
	files, err := filepath.Glob("../../bufstrategy/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("source of package bufstrategy: %d files, %v", len(files), err)
	}
	var doc strings.Builder
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range f.Comments {
			doc.WriteString(plain(c))
		}
	}
	for _, c := range Cases() {
		if !strings.Contains(doc.String(), c.Rule) {
			t.Errorf("%s: no doc comment says %q", c.ID, c.Rule)
		}
	}
}

// plain is the text of a comment with every space between words a single one.
func plain(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") + "\n" }
