//go:build unix

package main

import (
	"fmt"
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

// If there are more workers than descriptors, workers without one wait for the others, and nothing
// fails.
func TestOutOfDescriptorsWorkersWait(t *testing.T) {
	t.Parallel()
	files := newCorpus(t, 120, 1<<16)
	s := httptest.NewServer(http.FileServer(http.Dir(files.dir)))
	t.Cleanup(s.Close)
	list := filepath.Join(t.TempDir(), "list")
	require.NoError(t, os.WriteFile(list, []byte(files.list(s.URL)), 0o666))
	for _, flags := range []string{"-loops=1", "-loops=2", "-loops=2 -sched=shared", "-loops=2 -sched=stealing"} {
		dir := t.TempDir()
		args := append(strings.Fields(flags), "-j", "64", "-i", list, "-o", dir)
		r := program.StartVia(t, apptest.WithDescriptors(48), args...).Wait(apptest.RunTimeout)
		if r.Code != 0 || !strings.Contains(r.Stderr, "fetched 120 of 120 files") {
			t.Errorf("%s: got exit code %d, %s", flags, r.Code, r.Stderr)
		}
		files.compare(t, dir)
	}
}

// With few descriptors fetch ends with all files, or with the reason for each missing file.
func TestTooFewDescriptorsAreAFailure(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "body") }))
	t.Cleanup(s.Close)
	urls := []string{s.URL + "/a", s.URL + "/b", s.URL + "/c", s.URL + "/d"}
	failed, fetched := 0, 0
	for n := 4; fetched < 3; n++ {
		r := program.StartVia(t, apptest.WithDescriptors(n), append([]string{"-queue=epoll", "-j=3"}, urls...)...).Wait(apptest.RunTimeout)
		switch {
		case r.Code == 0:
			fetched++
			continue
		case fetched > 0:
			t.Errorf("%d descriptors: got exit code %d although fewer were enough: %s", n, r.Code, r.Stderr)
		case strings.Count(r.Stderr, syscall.EMFILE.Error()) == len(urls):
			failed++
		}
		if n > 64 {
			t.Fatalf("%d descriptors: got exit code %d, %s", n, r.Code, r.Stderr)
		}
	}
	if failed == 0 {
		t.Error("no number of descriptors was enough to start and too few to download")
	}
}

func TestInterruptEndsWorkersWithoutDescriptors(t *testing.T) {
	t.Parallel()
	var open atomic.Int32
	mute := listen(t, func(c *net.TCPConn) {
		open.Add(1)
		silent(c)
	})
	var urls []string
	for i := range 64 {
		urls = append(urls, fmt.Sprintf("http://%s/%d", mute, i))
	}
	p := program.StartVia(t, apptest.WithDescriptors(32), append([]string{"-j", "64"}, urls...)...)
	apptest.Until(t, apptest.StartTimeout, "some workers have a connection", func() bool { return open.Load() > 8 })
	p.Signal(syscall.SIGTERM)
	if r := p.Wait(apptest.StopTimeout); r.Code != 1 || !strings.HasSuffix(r.Stderr, "64 failed\nfetch: interrupted\n") {
		t.Errorf("got exit code %d, %s", r.Code, r.Stderr)
	}
}
