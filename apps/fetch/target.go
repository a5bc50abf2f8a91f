package main

import (
	"fmt"
	"path"
	"strings"
)

// target is a URL and its file.
type target struct {
	entry
	location location
	file     string // name in the directory
}

// targets parses the URLs and gives each its own file, in their order. The second of two URLs with
// the same name gets "-2".
func targets(entries []entry) []target {
	all := make([]target, len(entries))
	taken := map[string]int{}
	for i, e := range entries {
		t := &all[i]
		t.entry = e
		if t.err == nil {
			t.location, t.err = parseLocation(e.raw)
		}
		if t.err != nil {
			continue
		}
		name := fileName(t.location.target)
		for {
			taken[name]++
			n := taken[name]
			if n == 1 {
				break
			}
			ext := path.Ext(name)
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
		}
		t.file = name
	}
	return all
}

// String identifies the target in messages by its URL without the password, or by its line if it
// has no URL.
func (t *target) String() string {
	name := oneLine(withoutUserinfo(t.raw, t.location.target != ""))
	switch {
	case t.err == nil || t.line == 0:
		return name
	case t.raw == "":
		return fmt.Sprintf("line %d", t.line)
	}
	return fmt.Sprintf("%s: line %d", name, t.line)
}

const fileNameMax = 200 // file systems allow 255 bytes; a partial file has a suffix

// fileName returns the last part of the path, made harmless: it can only name a file in the
// directory.
func fileName(target string) string {
	whole, _, _ := strings.Cut(target, "?")
	whole = unescape(whole)
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, path.Base(whole))
	if strings.HasSuffix(whole, "/") || name == "." || name == "_" || name == "" {
		return "index.html"
	}
	if strings.HasPrefix(name, ".") {
		name = "_" + name[1:]
	}
	if len(name) > fileNameMax {
		name = strings.ToValidUTF8(name[:fileNameMax], "")
	}
	return name
}
