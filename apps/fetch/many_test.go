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
)

// stallTimeout is short for the sake of the URLs that never answer, and long for a busy machine on which the others do.
const stallTimeout = "4s"

// fetchAll runs the program over a list of URLs, and checks that it ends with the code.
func fetchAll(t *testing.T, code int, list string, args ...string) (dir string, r apptest.Result) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new", "directory")
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, []byte(list), 0o666); err != nil {
		t.Fatal(err)
	}
	r = program.Run(t, "", nil, append([]string{"-i", file, "-o", dir}, args...)...)
	if r.Code != code || r.Stdout != "" {
		t.Errorf("fetch %v: got exit code %d, want %d; standard output %q; standard error:\n%s", args, r.Code, code, r.Stdout, r.Stderr)
	}
	return dir, r
}

func TestManyFilesFromNginxAmongFailures(t *testing.T) {
	cert := apptest.NewCertificate(t)
	files := newCorpus(t, 2000, 8<<20)
	p := newProxy(t, serveNginx(t, cert, files.dir))

	dir, r := fetchAll(t, 0, files.list("https://"+p.addr), "-j", "64", "-cacert", cert.CertFile)
	files.compare(t, dir)
	if !strings.Contains(r.Stderr, "fetched 2000 of 2000 files") || strings.Count(r.Stderr, "\n") != 1 {
		t.Errorf("got %q, want the summary alone", r.Stderr)
	}
	most, total := p.counts()
	if most > 64 || most < 32 || total > 64 {
		t.Errorf("got %d connections at once and %d in all, want up to 64, each used again and again", most, total)
	}

	bad := newFailures(t, cert, p.addr)
	dir, r = fetchAll(t, 1, bad.amid(files.list("https://"+p.addr)), "-j", "64", "-cacert", cert.CertFile, "-timeout", stallTimeout)
	files.compare(t, dir, bad.good...)
	bad.check(t, r.Stderr)
	// The proxy sees a connection end a moment after the client has closed it and opened the next one.
	if most, _ := p.counts(); most > 64+8 {
		t.Errorf("got %d connections at once, want up to 64", most)
	}
}

func TestFilesFromGoAmongFailures(t *testing.T) {
	cert := apptest.NewCertificate(t)
	files := newCorpus(t, 300, 8<<20)
	s := serveTLS(t, cert, http.FileServer(http.Dir(files.dir)))
	p := newProxy(t, s.Listener.Addr().String())
	bad := newFailures(t, cert, p.addr)
	for _, flags := range [][]string{{"-j", "16"}, {"-j", "32", "-loops", "2"}} {
		dir, r := fetchAll(t, 1, bad.amid(files.list("https://"+p.addr)), append(flags, "-cacert", cert.CertFile, "-timeout", stallTimeout)...)
		files.compare(t, dir, bad.good...)
		bad.check(t, r.Stderr)
	}
}

func TestEveryStrategyFetches(t *testing.T) {
	cert := apptest.NewCertificate(t)
	files := newCorpus(t, 60, 1<<20)
	handler := http.FileServer(http.Dir(files.dir))
	s := serveTLS(t, cert, handler)
	queues := apptest.Queues(t)
	for _, mode := range []string{"edge", "level", "oneshot"} {
		for _, queue := range queues {
			for _, more := range []string{"-loops=1", "-loops=2", "-resolve=blocking", "-loops=2 -sched=shared", "-loops=2 -sched=stealing"} {
				t.Run(fmt.Sprintf("%s/%s/%s", mode, queue, more), func(t *testing.T) {
					t.Parallel()
					_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
					flags := append(strings.Fields(more), "-mode", mode, "-queue", queue, "-cacert", cert.CertFile)
					dir, _ := fetchAll(t, 0, files.list("https://localhost:"+port), flags...)
					files.compare(t, dir)
				})
			}
		}
	}
}
