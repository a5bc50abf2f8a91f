package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// location is a URL as it is fetched. Its parts are sent as curl sends them, which refuses less
// than package net/url. A '%' that begins no escape stays as it is, and blanks and bytes outside
// ASCII are escaped.
type location struct {
	scheme string // http or https
	host   string // without brackets
	port   string // "" for the default of the scheme
	target string // path and query, as in the request
	auth   string // value of the Authorization header; "" for none
}

var errUnusable = errors.New("not an http or https URL")

func unusable(why string) error { return fmt.Errorf("%w: %s", errUnusable, why) }

// parseLocation parses an absolute URL. Its errors repeat no part of it, because a password may be
// in the wrong place.
func parseLocation(raw string) (location, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	l := location{scheme: strings.ToLower(scheme)}
	if !ok || l.scheme != "http" && l.scheme != "https" {
		return l, unusable("want http:// or https://")
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		l.auth = basicAuth(authority[:at])
		authority = authority[at+1:]
	}
	u, err := url.Parse(l.scheme + "://" + authority)
	if err != nil {
		return l, unusable("bad host or port")
	}
	l.host, l.port = u.Hostname(), u.Port()
	if l.host == "" {
		return l, unusable("no host")
	}
	if l.port != "" && !isPort(l.port) {
		return l, unusable("bad port")
	}
	if l.port == defaultPort(l.scheme) {
		l.port = ""
	}
	l.target, err = targetOf(rest)
	return l, err
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// basicAuth returns the Authorization header for userinfo, "user:password" (RFC 7617).
func basicAuth(userinfo string) string {
	if userinfo == "" {
		return ""
	}
	user, password, _ := strings.Cut(userinfo, ":")
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(unescape(user)+":"+unescape(password)))
}

// targetOf makes a request target from the part of a URL after the authority.
func targetOf(s string) (string, error) {
	s, _, _ = strings.Cut(s, "#")
	path, query, hasQuery := strings.Cut(s, "?")
	path = withoutDots(path)
	if hasQuery {
		path += "?" + query
	}
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case c == ' ' || c == '\t' || c >= 0x80:
			fmt.Fprintf(&b, "%%%02X", c)
		case c < ' ' || c == 0x7f:
			return "", unusable("it contains a control character")
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// withoutDots makes a path absolute and removes its dot segments (RFC 3986, section 5.2.4).
func withoutDots(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, s := range segments {
		switch s {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, s)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

// unescape decodes valid escapes and leaves everything else as it is.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// follow resolves the reference of a redirect (RFC 3986, section 5.2). Credentials stay with their
// origin. Credentials in the reference are chosen by the server, and are not sent.
func (l location) follow(ref string) (location, error) {
	ref, _, _ = strings.Cut(strings.TrimSpace(ref), "#")
	path, _, _ := strings.Cut(l.target, "?")
	to, err := l, error(nil)
	switch {
	case hasScheme(ref):
		to, err = parseLocation(ref)
	case strings.HasPrefix(ref, "//"):
		to, err = parseLocation(l.scheme + ":" + ref)
	case ref == "":
	case ref[0] == '/':
		to.target, err = targetOf(ref)
	case ref[0] == '?':
		to.target, err = targetOf(path + ref)
	default:
		to.target, err = targetOf(path[:strings.LastIndexByte(path, '/')+1] + ref)
	}
	to.auth = ""
	if to.origin() == l.origin() {
		to.auth = l.auth
	}
	return to, err
}

// hasScheme reports whether a reference begins with a scheme: a letter, then letters, digits, '+',
// '-' and '.', then a colon.
func hasScheme(ref string) bool {
	i := strings.IndexFunc(ref, func(r rune) bool {
		return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.')
	})
	return i > 0 && ref[i] == ':' && ref[0]|0x20 >= 'a' && ref[0]|0x20 <= 'z'
}

// origin is the target of a connection, and the key for using it again.
type origin struct{ scheme, address string }

func (l location) origin() origin {
	port := l.port
	if port == "" {
		port = defaultPort(l.scheme)
	}
	return origin{l.scheme, net.JoinHostPort(l.host, port)}
}

// hostHeader returns the value of the Host header. It omits the zone of an IPv6 address, which has
// a meaning on this machine only (RFC 6874, section 4).
func (l location) hostHeader() string {
	host, _, _ := strings.Cut(l.host, "%")
	if l.port != "" {
		return net.JoinHostPort(host, l.port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// withoutUserinfo returns a URL that is safe to print. If the URL could not be parsed, it omits
// everything up to the last '@': by the rules, a password with a '/' is part of the path.
func withoutUserinfo(raw string, parsed bool) string {
	start, end := 0, len(raw)
	if i := strings.Index(raw, "://"); i >= 0 && hasScheme(raw) && !strings.Contains(raw[:i], ":") {
		start = i + len("://")
	}
	if i := strings.IndexAny(raw[start:], "/?#"); parsed && i >= 0 {
		end = start + i
	}
	if at := strings.LastIndexByte(raw[start:end], '@'); at >= 0 {
		return raw[:start] + "***" + raw[start+at:]
	}
	return raw
}
