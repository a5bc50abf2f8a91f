//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// cachedSite is a directory that is served from a cache with a clock of its own.
type cachedSite struct {
	dir   string
	cache *fileCache
	files files
	now   atomic.Int64 // nanoseconds
}

const cacheValid = time.Second

func newCachedSite(t *testing.T, root string, bound int) *cachedSite {
	t.Helper()
	h := openFiles(t, root)
	s := &cachedSite{dir: root, cache: newFileCache(h.root, bound, cacheValid)}
	s.cache.now = func() time.Time { return time.Unix(0, s.now.Load()) }
	s.files = files{h.root, s.cache}
	t.Cleanup(s.cache.close)
	return s
}

func (s *cachedSite) pass(d time.Duration) { s.now.Add(int64(d)) }

func (s *cachedSite) write(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), content, 0o666))
}

// client makes requests on one connection, without a parser from the second request for a path on.
type client struct {
	net.Conn
	answers *bufio.Reader
}

func (s *cachedSite) connect(t *testing.T) client {
	t.Helper()
	subject := newSubject(t, s.files, defaultLimits())
	subject.server.cache = s.cache
	conn, fd := pairOfSockets(t)
	subject.serve(t, fd)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return client{conn, bufio.NewReader(conn)}
}

func (c client) check(t *testing.T, path string, status int, body string) {
	t.Helper()
	io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n")
	c.read(t, path, status, body)
}

// read reads the answer to a request for path.
func (c client) read(t *testing.T, path string, status int, body string) {
	t.Helper()
	resp, err := http.ReadResponse(c.answers, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status || string(got) != body {
		t.Errorf("GET %s: got %d, %.40q (%d bytes), %v, want %d, %.40q (%d bytes)", path, resp.StatusCode, got, len(got), err, status, body, len(body))
	}
}

// untilRead waits until the server has read everything.
func (c client) untilRead(t *testing.T) {
	t.Helper()
	apptest.Until(t, patience, "the server has read", func() bool { return unread(t, c.Conn) == 0 })
}

// A change of a file is seen after the documented time, and not before: otherwise nothing is
// cached. The cases change what the path /file names.
func TestChangesAreSeenAfterTheTimeOfTheCache(t *testing.T) {
	const gone = "404 page not found\n"
	rewrite := func(t *testing.T, s *cachedSite, content string) {
		// The same size and time of modification, and with luck the same time of change.
		file := filepath.Join(s.dir, "file")
		info, err := os.Stat(file)
		require.NoError(t, err)
		s.write(t, "file", []byte(content))
		require.NoError(t, os.Chtimes(file, info.ModTime(), info.ModTime()))
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *cachedSite)
		status int
		body   string
	}{
		{"written", func(t *testing.T, s *cachedSite) { s.write(t, "file", []byte("three")) }, 200, "three"},
		{"truncated", func(t *testing.T, s *cachedSite) { require.NoError(t, os.Truncate(filepath.Join(s.dir, "file"), 1)) }, 200, "o"},
		{"rewritten", func(t *testing.T, s *cachedSite) { rewrite(t, s, "two") }, 200, "two"},
		{"replaced", func(t *testing.T, s *cachedSite) {
			s.write(t, "new", []byte("two"))
			require.NoError(t, os.Rename(filepath.Join(s.dir, "new"), filepath.Join(s.dir, "file")))
		}, 200, "two"},
		{"removed", func(t *testing.T, s *cachedSite) { require.NoError(t, os.Remove(filepath.Join(s.dir, "file"))) }, 404, gone},
		{"removed with the root", func(t *testing.T, s *cachedSite) { require.NoError(t, os.RemoveAll(s.dir)) }, 404, gone},
		{"made a directory", func(t *testing.T, s *cachedSite) {
			require.NoError(t, os.Remove(filepath.Join(s.dir, "file")))
			require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "file"), 0o777))
		}, 301, ""},
		{"made a link out of the root", func(t *testing.T, s *cachedSite) {
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "..", "secret"), []byte(secret), 0o666))
			require.NoError(t, os.Remove(filepath.Join(s.dir, "file")))
			require.NoError(t, os.Symlink("../secret", filepath.Join(s.dir, "file")))
		}, 404, gone},
	} {
		for _, before := range []time.Duration{0, 10 * settleTime} {
			t.Run(fmt.Sprintf("%s/%v", c.name, before), func(t *testing.T) {
				root := filepath.Join(t.TempDir(), "site")
				require.NoError(t, os.Mkdir(root, 0o777))
				s := newCachedSite(t, root, 10)
				s.write(t, "file", []byte("one"))
				if before > 0 {
					untilNextTime(t, root)
				}
				client := s.connect(t)
				for passed := time.Duration(0); passed <= before; passed += cacheValid {
					client.check(t, "/file", 200, "one")
					client.check(t, "/file", 200, "one")
					s.pass(cacheValid)
				}
				client.check(t, "/file", 200, "one")
				c.change(t, s)
				s.pass(cacheValid - 1)
				client.check(t, "/file", 200, "one")
				s.pass(1)
				client.check(t, "/file", c.status, c.body)
				client.check(t, "/file", c.status, c.body)
			})
		}
	}
}

// untilNextTime waits until a change in dir has a later time than all changes before.
func untilNextTime(t *testing.T, dir string) {
	t.Helper()
	changed := func(name string) time.Time {
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		defer f.Close()
		s, err := stampOf(f)
		require.NoError(t, err)
		return s.changed
	}
	first := changed(".first")
	apptest.Until(t, patience, "the times of the file system move", func() bool { return !changed(".next").Equal(first) })
}

func TestCacheFollowsASwitchedRoot(t *testing.T) {
	dir := t.TempDir()
	current := filepath.Join(dir, "current")
	release(t, filepath.Join(dir, "1"), current, "one")
	release(t, filepath.Join(dir, "2"), current, "two")
	require.NoError(t, os.Symlink("1", current))
	s := newCachedSite(t, current, 10)
	client := s.connect(t)
	check := func(text string) {
		t.Helper()
		for range 2 {
			client.check(t, "/version", 200, text)
			client.check(t, "/absolute", 200, text)
		}
	}
	check("one")
	require.NoError(t, os.Symlink("2", current+".new"))
	require.NoError(t, os.Rename(current+".new", current))
	check("one")
	s.pass(cacheValid)
	check("two")
}

// The head of a large file is as old as the cache, but the file is open. Its length always matches.
func TestLargeFileThatChangesInTheCacheHasItsLength(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 10)
	content := string(bigBytes()[:middleBytes])
	s.write(t, "file", []byte(content))
	client := s.connect(t)
	for range 3 {
		client.check(t, "/file", 200, content)
	}
	require.NoError(t, os.Truncate(filepath.Join(s.dir, "file"), 100_000))
	client.check(t, "/file", 200, content[:100_000])
	client.check(t, "/file", 200, content[:100_000])
	s.write(t, "file", []byte(content[:200_000]))
	client.check(t, "/file", 200, content[:200_000])
	require.NoError(t, os.Truncate(filepath.Join(s.dir, "file"), 5))
	client.check(t, "/file", 200, content[:5])
}

// The client of a file that becomes shorter during the transfer gets the end of the stream instead
// of the rest, and no further answer.
func TestFileThatShrinksDuringTheTransferEndsTheConnection(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 10)
	content := bigBytes()
	s.write(t, "file", content)
	client := s.connect(t)
	client.check(t, "/file", 200, string(content))
	const request = "GET /file HTTP/1.1\r\nHost: h\r\n\r\n"
	io.WriteString(client, request+request)
	resp, err := http.ReadResponse(client.answers, nil)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(filepath.Join(s.dir, "file"), int64(len(content))/2))
	got, err := io.ReadAll(resp.Body)
	if err != io.ErrUnexpectedEOF || len(got) >= len(content) || resp.ContentLength != int64(len(content)) {
		t.Errorf("got %d bytes of %d, %v, want fewer and %v", len(got), resp.ContentLength, err, io.ErrUnexpectedEOF)
	}
}

// The file that was used least recently leaves the cache.
func TestFilesInTheCacheAreBounded(t *testing.T) {
	const bound = 4
	s := newCachedSite(t, t.TempDir(), bound)
	client := s.connect(t)
	large := bytes.Repeat([]byte("l"), readyBytesMax+1)
	for i := range 3 * bound {
		content := []byte("small")
		if i%2 == 0 {
			content = large
		}
		name := fmt.Sprint(i)
		s.write(t, name, content)
		for range 2 {
			client.check(t, "/"+name, 200, string(content))
			client.check(t, "/0", 200, string(large)) // stays in the cache by its use, without a parser
		}
		s.cache.mu.Lock()
		if n := s.cache.files.Len(); n > bound || n != len(s.cache.plain) || !s.cache.files.Contains("/0") || !s.cache.files.Contains("/"+name) {
			t.Errorf("after %d files the cache has %v and %d plain ones", i+1, s.cache.files.Keys(), len(s.cache.plain))
		}
		s.cache.mu.Unlock()
	}
}

func TestOpenFilesInTheCacheAreBounded(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 3*openFilesMax)
	s.write(t, "file", bytes.Repeat([]byte("l"), readyBytesMax+1))
	f := s.cache.get("/file")
	require.NotNil(t, f)
	var taken []*os.File
	for range openFilesMax + 10 {
		file := s.cache.take(f)
		require.NotNil(t, file)
		taken = append(taken, file)
	}
	for _, file := range taken {
		s.cache.give(f, file)
	}
	open := func() (n int) {
		for _, file := range taken {
			if _, err := file.Stat(); err == nil {
				n++
			}
		}
		return n
	}
	if n := open(); n != openFilesMax || s.cache.open != n {
		t.Errorf("got %d open files, and the cache counts %d, want %d", n, s.cache.open, openFilesMax)
	}
	last := s.cache.take(f)
	s.cache.remove(f)
	s.cache.give(f, last) // after its file has left the cache
	if n := open(); n != 0 || s.cache.open != 0 {
		t.Errorf("got %d open files after their file has left the cache, which counts %d", n, s.cache.open)
	}
}

// Two requests for a large file have open files of their own, with positions of their own.
func TestTakenFilesAreExclusive(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 3)
	content := bigBytes()[:readyBytesMax+1]
	s.write(t, "file", content)
	f := s.cache.get("/file")
	require.NotNil(t, f)
	for range 2 {
		first, second := s.cache.take(f), s.cache.take(f)
		for _, file := range []*os.File{first, second} {
			if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, content) {
				t.Errorf("got %d bytes, %v, want the whole file", len(got), err)
			}
		}
		s.cache.give(f, first)
		s.cache.give(f, second)
	}
}

func TestAnswerFromMemoryDoesNotAllocate(t *testing.T) {
	s := newCachedSite(t, t.TempDir(), 3)
	s.write(t, "file", []byte("one"))
	checkGet(t, s.files, "/file", 200, "one")
	request := []byte("GET /file HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n")
	head := make([]byte, 0, 4<<10)
	var d date
	at := time.Unix(0, 0)
	n := testing.AllocsPerRun(100, func() {
		header := scan(request)
		f := s.cache.getPlain(targetOf(&header))
		head = f.appendHead(head[:0], d.at(at))
	})
	if n != 0 || !bytes.HasPrefix(head, []byte("HTTP/1.1 "+fmt.Sprint(http.StatusOK)+" OK\r\n")) {
		t.Errorf("got %v allocations and %q", n, head)
	}
}

// unread returns how many bytes that c has written its peer has not read (unix(7), SIOCOUTQ). It
// counts the memory of the kernel, so only 0 is exact.
func unread(t *testing.T, c net.Conn) (n int) {
	t.Helper()
	raw, err := c.(*net.UnixConn).SyscallConn()
	require.NoError(t, err)
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) }))
	require.NoError(t, failed)
	return n
}
