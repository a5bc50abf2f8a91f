package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"unicode"
)

// forbidden maps words that no exported identifier contains to the word of GLOSSARY.md to use
// instead.
var forbidden = map[string]string{
	"Await":        "Wait, Suspend or Enqueue",
	"Backend":      "Mechanism",
	"Cancelled":    "Canceled",
	"Config":       "Options",
	"Executor":     "Scheduler",
	"Fiber":        "Task",
	"Mailbox":      "Inbox",
	"Quota":        "Budget",
	"Reactor":      "Loop",
	"Subscription": "Registration",
}

// leading are words that come first in the name of a bound or a default.
var leading = []string{"Max", "Min", "Default"}

// borrowed are names of package net.
var borrowed = []string{"SetKeepAliveConfig", "KeepAliveConfig", "ListenConfig"}

// checkWords finds exported identifiers with words that the glossary replaces.
func checkWords(name string, text []byte) []string {
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	var findings []string
	for _, identifier := range declared(f) {
		if !identifier.IsExported() || slices.Contains(borrowed, identifier.Name) {
			continue
		}
		words := wordsOf(identifier.Name)
		for i, word := range words {
			instead, found := forbidden[word]
			if i > 0 && i == len(words)-1 && slices.Contains(leading, word) {
				instead, found = word+strings.Join(words[:i], ""), true
			}
			if found {
				findings = append(findings, fmt.Sprintf("%s:%d: %s has the word %s, use %s (GLOSSARY.md)", name,
					set.Position(identifier.Pos()).Line, identifier.Name, word, instead))
			}
		}
	}
	return findings
}

// declared returns the names that f declares at its top level, including those of fields and
// methods.
func declared(f *ast.File) (names []*ast.Ident) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names = append(names, d.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					names = append(names, spec.Names...)
				case *ast.TypeSpec:
					names = append(names, spec.Name)
					names = append(names, members(spec.Type)...)
				}
			}
		}
	}
	return names
}

// members returns the names of fields of a struct and of methods of an interface.
func members(t ast.Expr) (names []*ast.Ident) {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return nil
	}
	for _, field := range list.List {
		names = append(names, field.Names...)
	}
	return names
}

// wordsOf splits a name at its capitals: "MaxTTLBytes" is "Max", "TTL", "Bytes".
func wordsOf(name string) (words []string) {
	runes := []rune(name)
	begin := 0
	for i := 1; i < len(runes); i++ {
		startsWord := unicode.IsUpper(runes[i]) &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if startsWord {
			words = append(words, string(runes[begin:i]))
			begin = i
		}
	}
	return append(words, string(runes[begin:]))
}
