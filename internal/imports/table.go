// Package imports holds the table of which module may import what, and checks the source against
// it.
package imports

import (
	"slices"
	"strings"
)

// Rule is what the packages below one directory may import besides the standard library and their
// own module.
type Rule struct {
	Siblings []string // directories of other modules
	Outside  []string // prefixes of import paths outside the workspace; "*" is any
}

// Table is the direction of dependencies: a module's directory or that of a package in it, and its
// rule. The longest directory that a file lies below counts.
type Table map[string]Rule

// Architecture is the table that the workspace obeys. "." is the build tooling.
func Architecture() Table {
	everything := []string{"sys", "queue", "stream", "bufstrategy", "resolve", "sched"}
	return Table{
		".":               {Outside: []string{"github.com/magefile/mage"}},
		"sys":             {Outside: []string{"golang.org/x/sys"}},
		"queue":           {Siblings: []string{"sys"}},
		"stream":          {Siblings: []string{"sys"}},
		"bufstrategy":     {Outside: []string{"golang.org/x/sys"}},
		"resolve":         {Outside: []string{"golang.org/x/net/dns/dnsmessage", "golang.org/x/sync"}},
		"resolve/evented": {Siblings: []string{"stream", "sys"}, Outside: []string{"golang.org/x/net/dns/dnsmessage", "golang.org/x/sync"}},
		"sched":           {Siblings: []string{"queue", "sys"}},
		"conformance":     {Siblings: everything},
		"apps":            {Siblings: append(slices.Clone(everything), "conformance"), Outside: []string{"*"}},
	}
}

// testify may be used by tests and by nothing else, apps included.
const testify = "github.com/stretchr/testify"

// testOutside is what every _test.go file may import on top of its directory's rule. What a test
// provokes may need a system call that sys has no other reason to bind.
var testOutside = []string{testify, "golang.org/x/net/nettest", "golang.org/x/sys"}

// testSiblings is the modules which every _test.go file may import on top of its directory's rule.
var testSiblings = []string{"conformance"}

// coreOutside bounds what a core module may reach, directly or not: whoever imports it downloads
// this.
var coreOutside = []string{"golang.org/x/sys", "golang.org/x/sync", "golang.org/x/net"}

// rule returns the rule for the longest directory of t that dir lies in or below.
func (t Table) rule(dir string) (Rule, bool) {
	for {
		if r, ok := t[dir]; ok {
			return r, true
		}
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			r, ok := t["."]
			return r, ok && (dir == "." || dir == "internal")
		}
		dir = dir[:i]
	}
}

// below reports whether path is one of prefixes or lies below one.
func below(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return p == "*" || path == p || strings.HasPrefix(path, p+"/")
	})
}

// standard reports whether path is in the standard library: its first element has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}
