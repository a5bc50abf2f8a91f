package suite

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Promises fails t unless the Doc of each case names a documented symbol of the packages in dirs. A
// rule that no doc comment promises is not part of the contract. The wording of the rule and of the
// doc comment may differ.
//
// A symbol is "package.Name", "package.Type.Method", "package.Type.Field", or "package" for the
// package comment itself.
func Promises[F any](t *testing.T, cases []Case[F], dirs ...string) {
	t.Helper()
	documented := map[string]bool{}
	for _, dir := range dirs {
		for symbol := range symbols(t, dir) {
			documented[symbol] = true
		}
	}
	for _, c := range cases {
		switch {
		case c.Doc == "":
			t.Errorf("case %s: Doc names no symbol", c.ID)
		case !documented[c.Doc]:
			t.Errorf("case %s: %s does not exist in %v, or has no doc comment", c.ID, c.Doc, dirs)
		}
	}
}

// symbols returns the doc comments of the package in dir, for all systems, by symbol.
func symbols(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d source files, %v", dir, len(files), err)
	}
	docs := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		d := documentation{docs, f.Name.Name}
		d.add("", f.Doc)
		for _, decl := range f.Decls {
			d.declaration(decl)
		}
	}
	return docs
}

// documentation collects the doc comments of a package.
type documentation struct {
	docs map[string]string
	pkg  string
}

// add appends the text of the groups, if any, to the text of symbol.
func (d documentation) add(symbol string, groups ...*ast.CommentGroup) {
	name := strings.TrimSuffix(d.pkg+"."+symbol, ".")
	for _, g := range groups {
		if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
			d.docs[name] += text + " "
		}
	}
}

func (d documentation) declaration(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		name := decl.Name.Name
		if decl.Recv != nil {
			name = receiver(decl.Recv.List[0].Type) + "." + name
		}
		d.add(name, decl.Doc)
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				d.add(spec.Name.Name, decl.Doc, spec.Doc, spec.Comment)
				d.members(spec.Name.Name, spec.Type)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					d.add(n.Name, decl.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
}

// members adds the fields of a struct, or the methods of an interface.
func (d documentation) members(owner string, typ ast.Expr) {
	var list *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			d.add(owner+"."+n.Name, f.Doc, f.Comment)
		}
	}
}

// receiver returns the type name of a method's receiver.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
