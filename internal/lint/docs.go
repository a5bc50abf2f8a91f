package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// checkDocs finds doc comments of exported identifiers that begin with something else. A group of
// constants or variables may have a comment of its own, and none for each.
func checkDocs(name string, text []byte) []string {
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return []string{err.Error()}
	}
	var findings []string
	check := func(identifier *ast.Ident, doc *ast.CommentGroup) {
		if identifier.IsExported() && doc != nil && !begins(doc.Text(), identifier.Name) {
			findings = append(findings, fmt.Sprintf("%s:%d: the doc comment of %s must begin with its name", name,
				set.Position(identifier.Pos()).Line, identifier.Name))
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			check(d.Name, d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					check(spec.Name, docOf(spec.Doc, d))
				case *ast.ValueSpec:
					check(spec.Names[0], docOf(spec.Doc, d))
				}
			}
		}
	}
	return findings
}

// docOf returns the comment of a declaration: its own, or that of the statement if it is alone.
func docOf(own *ast.CommentGroup, d *ast.GenDecl) *ast.CommentGroup {
	if own == nil && !d.Lparen.IsValid() {
		return d.Doc
	}
	return own
}

// begins reports whether text begins with name, after an article if there is one. A comment without
// text, which has directives only, is none.
func begins(text, name string) bool {
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	rest, ok := strings.CutPrefix(text, name)
	return text == "" || ok && (rest == "" || !isWord(rest[0])) || strings.HasPrefix(text, "Deprecated:")
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}
