//go:build unix

package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// requests records the requests that a server with one reply got: the target, Host and
// Authorization of each.
type requests struct {
	addr string
	mu   sync.Mutex
	got  []string
}

func newRequests(t *testing.T, reply func(target string) string) *requests {
	r := &requests{}
	r.addr = listen(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, rest, _ := strings.Cut(line, " ")
			target := strings.TrimSuffix(rest, " HTTP/1.1\r\n")
			seen := []string{target}
			for {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
				if line == "\r\n" {
					break
				}
				if strings.HasPrefix(line, "Host: ") || strings.HasPrefix(line, "Authorization: ") {
					seen = append(seen, strings.TrimSpace(line))
				}
			}
			r.mu.Lock()
			r.got = append(r.got, strings.Join(seen, " "))
			r.mu.Unlock()
			io.WriteString(c, reply(target))
		}
	})
	return r
}

func (r *requests) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := strings.Join(r.got, "\n")
	r.got = nil
	return all
}

func ok(string) string { return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }

// sent are URLs and what a server gets for them. HOST is the address of the server. unlikeCurl
// gives the reason for those that curl sends differently or not at all.
var sent = []struct{ url, target, auth, unlikeCurl string }{
	{"http://HOST/a b", "/a%20b", "", "curl refuses it, except in a redirect"},
	{"http://HOST/a?q=a b", "/a?q=a%20b", "", "curl refuses it, and sends a + in a redirect"},
	{"http://HOST/a\tb", "/a%09b", "", "curl refuses it"},
	{"http://HOST/100%", "/100%", "", ""},
	{"http://HOST/%zz?x=%&y=%4", "/%zz?x=%&y=%4", "", ""},
	{"http://HOST/ü?q", "/%C3%BC?q", "", "curl escapes in lower case"},
	{"http://HOST/?q=ü", "/?q=%C3%BC", "", "curl does not escape it, except in a redirect"},
	{"http://HOST/a/../b/./c/.", "/b/c/", "", ""},
	{"http://HOST/../../x/..", "/", "", ""},
	{"http://HOST/a%2Fb%20", "/a%2Fb%20", "", ""},
	{"http://HOST/a?q=a+b&c=[1]{2}|^`\"<>\\", "/a?q=a+b&c=[1]{2}|^`\"<>\\", "", ""},
	{"http://HOST//x//y", "//x//y", "", ""},
	{"http://HOST/a#fragment?x", "/a", "", ""},
	{"http://HOST?q/../r", "/?q/../r", "", ""},
	{"HTTP://HOST", "/", "", ""},
	{"http://u:p%40%3A@HOST/x", "/x", "u:p@:", ""},
	{"http://u@HOST/x", "/x", "u:", ""},
	{"http://:p%@HOST/x", "/x", ":p%", ""},
	{"http://u:p@q@HOST/x", "/x", "u:p@q", "some versions of curl refuse it"},
	{"http://@HOST/x", "/x", "", "curl takes it for an empty user"},
}

func TestURLsAreSentAsCurlSendsThem(t *testing.T) {
	t.Parallel()
	r := newRequests(t, ok)
	list, want := "", []string{}
	expect := func(i int) string {
		line := sent[i].target + " Host: " + r.addr
		if sent[i].auth != "" {
			line += " Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(sent[i].auth))
		}
		return line
	}
	for i, s := range sent {
		list += strings.Replace(s.url, "HOST", r.addr, 1) + "\n"
		want = append(want, expect(i))
	}
	fetchAll(t, 0, list, "-j", "1")
	if got := r.take(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	curl := apptest.Need(t, "curl")
	for i, s := range sent {
		if s.unlikeCurl != "" {
			continue
		}
		u := strings.Replace(s.url, "HOST", r.addr, 1)
		if out, err := exec.Command(curl, "-q", "-g", "-sS", "--noproxy", "*", u).CombinedOutput(); err != nil {
			t.Errorf("curl %s: %v: %s", u, err, out)
		}
		got := strings.Fields(strings.Replace(r.take(), "Host: ", "Host:", 1))
		line := strings.Fields(strings.Replace(expect(i), "Host: ", "Host:", 1))
		// curl sends Authorization after Host, as fetch does.
		if strings.Join(got, " ") != strings.Join(line, " ") {
			t.Errorf("%s: curl sends %q, fetch sends %q", u, got, line)
		}
	}
}

// The server that a redirect leads to gets the user and the password only if it is the same server.
func TestRedirectsKeepPasswordsAtTheirOrigin(t *testing.T) {
	t.Parallel()
	other := newRequests(t, ok)
	_, otherPort, _ := net.SplitHostPort(other.addr)
	var self *requests
	self = newRequests(t, func(target string) string {
		_, location, found := strings.Cut(strings.TrimPrefix(target, "/"), "/")
		if !found {
			return ok(target)
		}
		to := map[string]string{
			"other": "http://" + other.addr + "/o", "named": "http://localhost:" + otherPort + "/n", "theirs": "http://v:w@" + other.addr + "/t",
			"mine": "http://v:w@" + self.addr + "/m", "same": "http://" + self.addr + "/s", "schemeless": "//" + self.addr + "/r",
			"path": "/p x%", "relative": "../r?é",
		}[location]
		return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
	})
	basic := " Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:secret"))
	for _, c := range []struct{ path, self, other string }{
		{"other", "", "/o Host: " + other.addr},
		{"named", "", "/n Host: localhost:" + otherPort},
		{"theirs", "", "/t Host: " + other.addr},
		{"mine", "/m", ""},
		{"same", "/s", ""},
		{"schemeless", "/r", ""},
		{"path", "/p%20x%", ""},
		{"relative", "/r?%C3%A9", ""},
	} {
		_, r := fetchAll(t, 0, "http://u:secret@"+self.addr+"/x/"+c.path+"\n")
		want := "/x/" + c.path + " Host: " + self.addr + basic
		if c.self != "" {
			want += "\n" + c.self + " Host: " + self.addr + basic
		}
		if got := self.take(); got != want {
			t.Errorf("%s: the first server got\n%s\nwant\n%s", c.path, got, want)
		}
		if got := other.take(); got != c.other {
			t.Errorf("%s: the other server got %q, want %q", c.path, got, c.other)
		}
		if strings.Contains(r.Stderr, "secret") {
			t.Errorf("%s: the password is in %q", c.path, r.Stderr)
		}
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	t.Parallel()
	refused := closedPort(t)
	missing := listen(t, answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", nil))
	away := listen(t, answer("HTTP/1.1 302 Found\r\nLocation: ftp://u:sesame@h/\r\nContent-Length: 0\r\n\r\n", nil))
	nonsense := listen(t, answer("nonsense\r\n", nil))
	urls := []string{
		"http://u:sesame@" + refused + "/a", "https://u:sesame@" + refused + "/a", "http://u:sesame@" + missing + "/b", "http://u:sesame@" + away + "/c",
		"http://u:sesame@" + nonsense + "/d", "https://u:sesame@" + missing + "/f", "http://sesame@no..name/g",
		"ftp://u:sesame@h/h", "http://u:sesame@h:99999/i", "http://u:sesame@[::1/j", "http://u:se/sesame@h/k", "http://u:sesame@/l", "u:sesame@h/m",
		"u:sesame://x@h/n", "http://u:sesame#@h:x/o", "http:/u:sesame@h/p", "http://u:%sesame@" + refused + "/q", "http://u:sesame@h/\x01",
		"http://sesame@h@h:0/r",
	}
	dir, r := fetchAll(t, 1, strings.Join(urls, "\n"))
	if strings.Contains(r.Stderr, "sesame") || strings.Contains(r.Stderr, base64.StdEncoding.EncodeToString([]byte("u:sesame"))) {
		t.Errorf("a password is in\n%s", r.Stderr)
	}
	if n := strings.Count(r.Stderr, "***"); n < len(urls) || !strings.HasSuffix(r.Stderr, fmt.Sprintf("%d failed\n", len(urls))) {
		t.Errorf("got %d lines that hide a part, want one for each of %d URLs:\n%s", n, len(urls), r.Stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got files %v, %v", entries, err)
	}
	if r := program.Run(t, "", nil, urls...); r.Code != 1 || strings.Contains(r.Stderr+r.Stdout, "sesame") {
		t.Errorf("as arguments: got exit code %d, and a password in\n%s", r.Code, r.Stderr)
	}
}

// An invalid line is one failure, identified by its line number. The other lines are fetched.
func TestBadLinesOfTheListFailAlone(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			io.WriteString(c, ok(""))
		}
	})
	path := "http://" + addr + "/"
	full := path + "f?" + strings.Repeat("x", lineBytes-len(path)-3) // with its end, the longest permitted line
	list := path + "a\n" +
		path + strings.Repeat("x", lineBytes) + "\n" +
		"# " + strings.Repeat("c", 3*lineBytes) + "\n" +
		"no URL\n" +
		"http://" + addr + "/b\x00\n" +
		full + "\n" +
		path + strings.Repeat("y", 3*lineBytes) + "\n" +
		"\n" + path + "z\n" +
		strings.Repeat("u:sesame@h", lineBytes/10+1)
	dir, r := fetchAll(t, 1, list)
	want := "fetch: line 2: longer than 65536 bytes\n" +
		"fetch: no URL: line 4: not an http or https URL: want http:// or https://\n" +
		"fetch: http://" + addr + "/b?: line 5: not an http or https URL: it contains a control character\n" +
		"fetch: line 7: longer than 65536 bytes\n" +
		"fetch: line 10: longer than 65536 bytes\n" +
		"fetched 3 of 8 files"
	if !strings.HasPrefix(r.Stderr, want) {
		t.Errorf("got\n%.2000s\nwant\n%s", r.Stderr, want)
	}
	for _, name := range []string{"a", "f", "z"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
