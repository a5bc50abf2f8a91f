package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// blocking lists, by import path, the identifiers that make the standard library open its own
// sockets. Only tests may use them. The product's sockets come from package stream, and code that
// bypasses it would work without proving anything. Methods match a value of any type in a file that
// imports the package.
var blocking = map[string]struct{ idents, methods []string }{
	"net": {idents: []string{
		"Dial", "DialIP", "DialTCP", "DialTimeout", "DialUDP", "DialUnix", "Dialer",
		"Listen", "ListenConfig", "ListenIP", "ListenMulticastUDP", "ListenPacket", "ListenTCP", "ListenUDP",
		"ListenUnix", "ListenUnixgram", "FileConn", "FileListener", "FilePacketConn",
	}},
	"net/http": {
		idents: []string{
			"DefaultClient", "DefaultTransport", "Get", "Head", "ListenAndServe", "ListenAndServeTLS", "Post", "PostForm",
		},
		methods: []string{"ListenAndServe", "ListenAndServeTLS"},
	},
	"crypto/tls": {idents: []string{"Dial", "DialWithDialer", "Dialer", "Listen"}},
	"net/rpc":    {idents: []string{"Dial", "DialHTTP", "DialHTTPPath"}},
	"net/smtp":   {idents: []string{"Dial", "SendMail"}},
}

// peers are the directories whose code is the other side of a test or benchmark. They may use any
// socket: a peer that shares no code with what it checks is the better witness.
var peers = []string{"conformance/", "apps/internal/apptest/", "bench/", "interop/internal/interoptest/"}

func checkCalls(set *token.FileSet, name string, f *ast.File) []string {
	if slices.ContainsFunc(peers, func(dir string) bool { return strings.HasPrefix(filepath.ToSlash(name), dir) }) {
		return nil
	}
	local := map[string]string{} // the name of a package in this file, and its import path
	var methods []string
	var findings []string
	for _, spec := range f.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		list, listed := blocking[importPath]
		if !listed {
			continue
		}
		as := path.Base(importPath)
		if spec.Name != nil {
			as = spec.Name.Name
		}
		if as == "." {
			findings = append(findings, fmt.Sprintf("%s: imports %s with a dot, so its use cannot be checked", name, importPath))
		}
		local[as] = importPath
		methods = append(methods, list.methods...)
	}
	if len(local) == 0 {
		return findings
	}
	ast.Inspect(f, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		what := selector.Sel.Name
		id, _ := selector.X.(*ast.Ident)
		if id != nil && local[id.Name] != "" {
			if !slices.Contains(blocking[local[id.Name]].idents, what) {
				return true
			}
			what = id.Name + "." + what
		} else if !slices.Contains(methods, what) {
			return true
		}
		findings = append(findings, fmt.Sprintf("%s:%d: uses %s, which opens its own sockets; only tests may",
			name, set.Position(selector.Pos()).Line, what))
		return true
	})
	return findings
}
