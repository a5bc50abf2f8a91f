package main

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// target is a URL with the file it goes to.
type target struct {
	raw  string
	url  *url.URL
	err  error  // why it cannot be fetched
	file string // name in the directory
}

// targets parses urls and gives each a file of its own, in their order: the second of two that would have the same name gets "-2".
func targets(urls []string) []target {
	all := make([]target, len(urls))
	taken := map[string]int{}
	for i, raw := range urls {
		t := &all[i]
		t.raw = raw
		if t.url, t.err = parseURL(raw); t.err != nil {
			continue
		}
		name := fileName(t.url)
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

func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, unusable(raw, "want http:// or https://")
	case u.Hostname() == "":
		return nil, unusable(raw, "no host")
	case u.Port() != "" && !isPort(u.Port()):
		return nil, unusable(raw, "bad port")
	}
	return u, nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

const fileNameMax = 200 // of the 255 bytes that file systems allow, less what is put behind it while it is written

// fileName is the last part of the path, made harmless: it names a file in the directory and nothing else.
func fileName(u *url.URL) string {
	name := path.Base(u.Path)
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	if strings.HasSuffix(u.Path, "/") || name == "." || name == "_" || name == "" {
		return "index.html"
	}
	if strings.HasPrefix(name, ".") {
		name = "_" + name[1:]
	}
	if len(name) > fileNameMax {
		name = name[:fileNameMax]
	}
	return name
}

// origin is what a connection is made to, and may be used again for.
type origin struct{ scheme, address string }

func originOf(u *url.URL) origin {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return origin{u.Scheme, net.JoinHostPort(u.Hostname(), port)}
}
