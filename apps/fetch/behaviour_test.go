//go:build unix

package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

func TestOneConnectionIsUsedForAllOfOneHost(t *testing.T) {
	t.Parallel()
	files := newCorpus(t, 50, 1<<16)
	s := httptest.NewServer(http.FileServer(http.Dir(files.dir)))
	t.Cleanup(s.Close)
	p := newProxy(t, s.Listener.Addr().String(), 1)
	dir, _ := fetchAll(t, 0, files.list("http://"+p.addr), "-j", "1")
	files.compare(t, dir)
	if total := p.connections(); total != 1 {
		t.Errorf("got %d connections, want one", total)
	}
}

// A server may close a kept connection while the next request is on its way.
func TestConnectionThatTheServerEndedIsMadeAnew(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	addr := listen(t, func(c *net.TCPConn) {
		connections.Add(1)
		answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil)(c) // it does not announce the close
	})
	list := ""
	for _, name := range []string{"a", "b", "c", "d"} {
		list += "http://" + addr + "/" + name + "\n"
	}
	dir, _ := fetchAll(t, 0, list, "-j", "1")
	for _, name := range []string{"a", "b", "c", "d"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "ok" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if n := connections.Load(); n != 4 {
		t.Errorf("got %d connections, want 4", n)
	}
}

func TestListFromStandardInput(t *testing.T) {
	t.Parallel()
	addr := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil))
	dir := t.TempDir()
	r := program.Run(t, dir, strings.NewReader("# two\r\n\r\nhttp://"+addr+"/a\r\n  http://"+addr+"/b  "), "-i", "-")
	entries, err := os.ReadDir(dir)
	if r.Code != 0 || err != nil || len(entries) != 2 {
		t.Errorf("got exit code %d, %v, %v, %s, want two files in the current directory", r.Code, entries, err, r.Stderr)
	}
}

func TestFilesGetNamesOfTheirOwn(t *testing.T) {
	var all []string
	var entries []entry
	for _, raw := range []string{
		"http://h/a.txt", "http://i/a.txt", "http://h/a-2.txt", "http://h/", "http://h", "http://h/..", "http://h/%2e%2e%2fpasswd", "http://h/.rc",
		"http://h/a%00b", "http://h/x/?q=/etc", "http://h/" + strings.Repeat("n", 300), "http://h/con:1",
		"http://h/" + strings.Repeat("\u00e9", 150), "http://h/100%", "http://h/%zz", "http://h/a b",
	} {
		entries = append(entries, entry{raw: raw})
	}
	for _, u := range targets(entries) {
		if u.err != nil {
			t.Errorf("%s: %v", u.raw, u.err)
		}
		if u.file == "" || strings.ContainsAny(u.file, "/\\\x00") || strings.HasPrefix(u.file, ".") || len(u.file) > 210 {
			t.Errorf("%s: got name %q", u.raw, u.file)
		}
		for _, other := range all {
			if other == u.file {
				t.Errorf("%s: got the name of another file, %q", u.raw, u.file)
			}
		}
		all = append(all, u.file)
	}
	if all[0] != "a.txt" || all[1] != "a-2.txt" {
		t.Errorf("got %q", all)
	}
}

func TestInterruptLeavesNoPart(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 10_000)
	half := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+body, silent))
	whole := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"+body, nil))
	mute := listen(t, silent)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		dir := t.TempDir()
		p := program.Start(t, dir, "-j", "3", "http://"+whole+"/whole", "http://"+half+"/half", "http://"+mute+"/mute", "https://"+mute+"/mute",
			"http://"+whole+"/later")
		apptest.Until(t, apptest.StartTimeout, "partial files and a complete file exist", func() bool {
			parts, err := filepath.Glob(filepath.Join(dir, ".*.part"))
			_, werr := os.Stat(filepath.Join(dir, "whole"))
			return err == nil && len(parts) > 0 && werr == nil
		})
		p.Signal(s)
		r := p.Wait(apptest.StopTimeout)
		if r.Code != 1 || !strings.HasSuffix(r.Stderr, "fetch: interrupted\n") || strings.Count(r.Stderr, "\n") != 2 {
			t.Errorf("%v: got exit code %d, %q, want 1, the summary and one more line", s, r.Code, r.Stderr)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != "whole" {
			t.Errorf("%v: got %v, %v, want only the complete file", s, entries, err)
		}
	}
}

func TestFileIsReplacedOnlyByAWholeOne(t *testing.T) {
	t.Parallel()
	truncated := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nnew", nil))
	whole := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew", nil))
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(name, []byte("old"), 0o666))
	for _, c := range []struct {
		addr, want string
		code       int
	}{{truncated, "old", 1}, {whole, "new", 0}} {
		r := program.Run(t, dir, nil, "http://"+c.addr+"/file")
		if got, err := os.ReadFile(name); r.Code != c.code || err != nil || string(got) != c.want {
			t.Errorf("got exit code %d, %q, %v, want %d, %q", r.Code, got, err, c.code, c.want)
		}
	}
}

func TestManyWorkers(t *testing.T) {
	t.Parallel()
	addr := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nil))
	list := strings.Repeat("http://"+addr+"/x\n", 600)
	dir, r := fetchAll(t, 0, list, "-j", "4096")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 600 {
		t.Errorf("got %d files, %v, want 600: %s", len(entries), err, r.Stderr)
	}
}
