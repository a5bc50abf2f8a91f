//go:build unix

package main

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// get returns the answer of h to a GET of path.
func get(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func checkGet(t *testing.T, h http.Handler, path string, status int, body string) {
	t.Helper()
	if code, got := get(h, path); code != status || got != body {
		t.Errorf("GET %s: got %d, %q, want %d, %q", path, code, got, status, body)
	}
}

// release makes a directory whose file "version" contains text, and an absolute link to it.
func release(t *testing.T, dir, root, text string) {
	t.Helper()
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "version"), []byte(text), 0o666))
	require.NoError(t, os.Symlink(filepath.Join(root, "version"), filepath.Join(dir, "absolute")))
}

func openFiles(t *testing.T, root string) files {
	t.Helper()
	f, err := openRoot(root)
	require.NoError(t, err)
	t.Cleanup(f.close)
	return files{root: f}
}

func TestRootThatIsASwitchedLinkIsFollowed(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, "current")
	release(t, filepath.Join(dir, "1"), current, "one")
	release(t, filepath.Join(dir, "2"), current, "two")
	require.NoError(t, os.Symlink("1", current))
	h := openFiles(t, current)
	checkGet(t, h, "/version", 200, "one")
	checkGet(t, h, "/absolute", 200, "one")
	require.NoError(t, os.Symlink("2", current+".new"))
	require.NoError(t, os.Rename(current+".new", current))
	checkGet(t, h, "/version", 200, "two")
	checkGet(t, h, "/absolute", 200, "two")
}

// This includes a root that is named by a relative path, and one that is the working directory.
func TestRootThatIsMadeAgainIsFollowed(t *testing.T) {
	for _, name := range []string{"", ".", "../site"} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "site")
			release(t, root, root, "one")
			if name == "" {
				name = root
			} else {
				t.Chdir(root)
			}
			h := openFiles(t, name)
			checkGet(t, h, "/version", 200, "one")
			require.NoError(t, os.RemoveAll(root))
			checkGet(t, h, "/version", 404, "404 page not found\n")
			// httpd does not open a path that is not a directory, and serves no files from it.
			require.NoError(t, syscall.Mkfifo(root, 0o666))
			checkGet(t, h, "/version", 404, "404 page not found\n")
			require.NoError(t, os.Remove(root))
			release(t, root, root, "two")
			checkGet(t, h, "/version", 200, "two")
			checkGet(t, h, "/absolute", 200, "two")
		})
	}
}

// A request that has begun keeps its root. The last such request closes it.
func TestReplacedRootIsClosedAfterItsRequests(t *testing.T) {
	root := filepath.Join(t.TempDir(), "site")
	release(t, root, root, "one")
	f := openFiles(t, root).root
	first, err := f.acquire()
	require.NoError(t, err)
	require.NoError(t, os.Rename(root, root+".old"))
	release(t, root, root, "two")
	second, err := f.acquire()
	require.NoError(t, err)
	for r, want := range map[*servedRoot]string{first: "one", second: "two"} {
		file, err := confined{r}.Open("version")
		require.NoError(t, err)
		got, err := io.ReadAll(file)
		file.Close()
		if err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	first.release()
	second.release()
	if _, err := first.Stat("."); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v for the replaced root, want it closed", err)
	}
	if _, err := second.Stat("."); err != nil {
		t.Errorf("got %v for the current root", err)
	}
}

// While links and directories change, httpd never serves anything from outside the root.
func TestNothingOutsideIsServedWhileLinksChange(t *testing.T) {
	const turns = 2000
	dir := t.TempDir()
	root := filepath.Join(dir, "site")
	for name, text := range map[string]string{"site/inside/file": "inside", "secret/file": secret} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	h := openFiles(t, root)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for range turns {
			for _, path := range []string{"/link/file", "/way/file", "/file"} {
				code, body := get(h, path)
				if body == secret || code != 200 && code != 404 {
					t.Errorf("GET %s: got %d, %q", path, code, body)
				}
			}
		}
	}()
	targets := []string{filepath.Join(root, "inside"), "inside", filepath.Join(dir, "secret"), "../secret", root + "/inside/../../secret"}
	for i := 0; ; i++ {
		select {
		case <-served:
			return
		default:
		}
		link, way := filepath.Join(root, "link"), filepath.Join(root, "way")
		next := filepath.Join(dir, "next")
		os.Symlink(targets[i%len(targets)], next)
		os.Rename(next, link)
		// A directory that becomes a link, and the directory below an absolute link.
		os.Symlink(link, next)
		os.Rename(next, way)
		if i%2 == 0 {
			os.Remove(way)
			os.Mkdir(way, 0o777)
		} else {
			os.Remove(way)
		}
	}
}
