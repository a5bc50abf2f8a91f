//go:build unix

package sysconfig

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Windows makes symbolic links only for administrators.
func TestWatcherFollowsLinks(t *testing.T) {
	w := watch(t, one)
	dir := filepath.Dir(w.resolv)
	for _, x := range []struct{ name, text string }{{"a", two}, {"b", three}} {
		w.files.write(filepath.Join(dir, x.name), x.text)
		require.NoError(t, os.Chtimes(filepath.Join(dir, x.name), w.now.Add(-time.Hour), w.now.Add(-time.Hour)))
	}
	link := func(target string) {
		require.NoError(t, os.Remove(w.resolv))
		require.NoError(t, os.Symlink(filepath.Join(dir, target), w.resolv))
		w.advance(DefaultInterval)
	}
	link("a")
	w.has("192.0.2.2", 2)
	link("b")
	w.has("192.0.2.3", 3)
	w.advance(DefaultInterval)
	w.files.write(filepath.Join(dir, "b"), one) // the target changes, not the link
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 4)
}

// Windows does not replace a file that is open.
func TestWatcherConcurrently(t *testing.T) {
	w := watch(t, one)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := uint64(0)
			for range 500 {
				w.advance(DefaultInterval / 4)
				if c := w.Current(); len(c.Servers) != 1 {
					t.Errorf("servers: %v", c.Servers)
				}
				if g := w.Generation(); g < last {
					t.Errorf("generation %d after %d", g, last)
				} else {
					last = g
				}
				_ = w.Err()
			}
		})
	}
	for i := range 50 {
		path := w.resolv + ".new"
		w.files.write(path, fmt.Sprintf("nameserver 192.0.2.%d\n", i))
		require.NoError(t, os.Rename(path, w.resolv))
	}
	wg.Wait()
	w.advance(DefaultInterval)
	require.Equal(t, servers("192.0.2.49"), w.Current().Servers)
}
