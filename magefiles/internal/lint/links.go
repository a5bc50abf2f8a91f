package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// link is a reference of a doc comment to a symbol in brackets. Its type and package may stand in
// front. Text in brackets that a parenthesis or another bracket follows is none.
var link = regexp.MustCompile(`\[\*?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,2})\](?:[^(\[:]|$)`)

// embedded stands for the members that a type has from types that it embeds.
const embedded = "*"

// symbols are the names that the packages of the workspace declare, by directory.
type symbols map[string]map[string]bool

// add notes what a file declares. Methods and fields have their type in front.
func (s symbols) add(name string, text []byte) {
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return // checkFile reports it
	}
	all := s[path.Dir(name)]
	if all == nil {
		all = map[string]bool{}
		s[path.Dir(name)] = all
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			all[receiver(d)+d.Name.Name] = true
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						all[n.Name] = true
					}
				case *ast.TypeSpec:
					all[spec.Name.Name] = true
					for _, n := range members(spec.Type) {
						all[spec.Name.Name+"."+n.Name] = true
					}
					if embeds(spec.Type) {
						all[spec.Name.Name+"."+embedded] = true
					}
				}
			}
		}
	}
}

// receiver returns the type that a method belongs to, with a dot.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch of := t.(type) {
		case *ast.StarExpr:
			t = of.X
		case *ast.IndexExpr:
			t = of.X
		case *ast.IndexListExpr:
			t = of.X
		case *ast.Ident:
			return of.Name + "."
		default:
			return ""
		}
	}
}

// embeds reports whether a type has members that are declared elsewhere.
func embeds(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.StructType:
		return slices.ContainsFunc(t.Fields.List, func(f *ast.Field) bool { return len(f.Names) == 0 })
	case *ast.InterfaceType:
		return slices.ContainsFunc(t.Methods.List, func(f *ast.Field) bool { return len(f.Names) == 0 })
	case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
		return true // another name of a type, which may have methods of its own
	}
	return false
}

// has reports whether the package in dir declares target, which may have a type in front.
func (s symbols) has(dir, target string) bool {
	of, _, dotted := strings.Cut(target, ".")
	return s[dir][target] || dotted && s[dir][of+"."+embedded]
}

// check finds links of a file's comments to symbols that the workspace does not declare. It takes
// links into other packages, such as the standard library's, as they are. If several packages have
// the name in a link, one of them must declare the symbol.
func (s symbols) check(name string, text []byte) []string {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil // checkFile reports it
	}
	dirs := map[string][]string{} // of the packages of the workspace, by name
	for dir := range s {
		dirs[path.Base(dir)] = append(dirs[path.Base(dir)], dir)
	}
	var findings []string
	for _, group := range f.Comments {
		for _, match := range link.FindAllStringSubmatch(group.Text(), -1) {
			target := match[1]
			first, rest, dotted := strings.Cut(target, ".")
			in := target
			named := []string{path.Dir(name)}
			if !ast.IsExported(first) {
				if !dotted || len(dirs[first]) == 0 {
					continue // plain text in brackets, or a package of others
				}
				named, in = dirs[first], rest
			}
			if !slices.ContainsFunc(named, func(dir string) bool { return s.has(dir, in) }) {
				findings = append(findings, fmt.Sprintf("%s:%d: [%s] names no symbol", name, set.Position(group.Pos()).Line, target))
			}
		}
	}
	return findings
}
