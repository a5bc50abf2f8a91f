//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// fetchAll runs the program over a list of URLs and checks its exit code.
func fetchAll(t *testing.T, code int, list string, args ...string) (dir string, r apptest.Result) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new", "directory")
	file := filepath.Join(t.TempDir(), "list")
	require.NoError(t, os.WriteFile(file, []byte(list), 0o666))
	r = program.Run(t, "", nil, append([]string{"-i", file, "-o", dir}, args...)...)
	if r.Code != code || r.Stdout != "" {
		t.Errorf("fetch %v: got exit code %d, want %d; standard output %q; standard error:\n%s", args, r.Code, code, r.Stdout, r.Stderr)
	}
	return dir, r
}

// nobodyStalls is a timeout for runs in which all servers answer at once. It only ends a hang.
const nobodyStalls = "85s"

func TestManyFilesFromNginxAmongFailures(t *testing.T) {
	t.Parallel()
	cert := apptest.NewCertificate(t)
	root := t.TempDir()
	addr := serveNginx(t, cert, root)
	total := apptest.Size(300, 1000)
	files := newCorpusIn(t, root, total, 4<<20)

	// The proxy passes nothing on before all workers have connected.
	p := newProxy(t, addr, 64)
	dir, r := fetchAll(t, 0, files.list("https://"+p.addr), "-j", "64", "-cacert", cert.CertFile, "-timeout", nobodyStalls)
	files.compare(t, dir)
	if !strings.Contains(r.Stderr, fmt.Sprintf("fetched %[1]d of %[1]d files", total)) || strings.Count(r.Stderr, "\n") != 1 {
		t.Errorf("got %q, want only the summary", r.Stderr)
	}
	if n := p.connections(); n != 64 {
		t.Errorf("got %d connections, want 64, each used repeatedly", n)
	}

	bad := newFailures(t, cert, p.addr)
	dir, r = fetchAll(t, 1, bad.amid(files.list("https://"+p.addr)), "-j", "64", "-cacert", cert.CertFile, "-timeout", nobodyStalls)
	files.compare(t, dir, bad.good...)
	bad.check(t, r.Stderr)
}

func TestFilesFromGoAmongFailures(t *testing.T) {
	t.Parallel()
	cert := apptest.NewCertificate(t)
	files := newCorpus(t, apptest.Size(60, 100), 1<<20)
	s := serveTLS(t, cert, http.FileServer(http.Dir(files.dir)))
	p := newProxy(t, s.Listener.Addr().String(), 8)
	bad := newFailures(t, cert, p.addr)
	dir, _ := fetchAll(t, 0, files.list("https://"+p.addr), "-j", "8", "-cacert", cert.CertFile, "-timeout", nobodyStalls)
	files.compare(t, dir)
	if total := p.connections(); total != 8 {
		t.Errorf("got %d connections, want 8, each used repeatedly", total)
	}
	for _, flags := range [][]string{{"-j", "8"}, {"-j", "16", "-loops", "2"}} {
		dir, r := fetchAll(t, 1, bad.amid(files.list("https://"+p.addr)), append(flags, "-cacert", cert.CertFile, "-timeout", nobodyStalls)...)
		files.compare(t, dir, bad.good...)
		bad.check(t, r.Stderr)
	}
}

// fetch gives up servers that stall. The test does not measure how long that takes: nothing else
// can be the reason. Making a connection may take up to the whole timeout.
func TestServersThatStallAreGivenUp(t *testing.T) {
	t.Parallel()
	const timeout = "200ms"
	stalled := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 50_000), silent))
	mute := listen(t, silent)
	urls := []string{"http://" + stalled + "/stalled", "http://" + mute + "/mute", "https://" + mute + "/mute"}
	dir, r := fetchAll(t, 1, strings.Join(urls, "\n"), "-timeout", timeout)
	lines := strings.Split(r.Stderr, "\n")
	for i, u := range urls {
		if !strings.HasPrefix(lines[i], "fetch: "+u+": ") || !strings.Contains(lines[i], "nothing moved for "+timeout) && !strings.Contains(lines[i], "timeout") {
			t.Errorf("%s: got line %q, want one with the timeout", u, lines[i])
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want no file", entries, err)
	}
}

func TestEveryStrategyFetches(t *testing.T) {
	t.Parallel()
	cert := apptest.NewCertificate(t)
	files := newCorpus(t, 30, 1<<18)
	s := serveTLS(t, cert, http.FileServer(http.Dir(files.dir)))
	_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
	more := []string{"-loops=1", "-loops=2", "-resolve=blocking", "-loops=2 -sched=shared", "-loops=2 -sched=stealing"}
	for _, row := range apptest.Combinations(nil, []string{"edge", "level", "oneshot"}, apptest.Queues(t), more, apptest.Ways()) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			flags := append(strings.Fields(row[2]), "-mode", row[0], "-queue", row[1], "-io", row[3], "-cacert", cert.CertFile, "-timeout", nobodyStalls)
			dir, _ := fetchAll(t, 0, files.list("https://localhost:"+port), flags...)
			files.compare(t, dir)
		})
	}
}
