package main

import (
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Bounds of a fileCache besides the number of its files.
const (
	readyBytesMax = 64 << 10 // a file up to this size is in memory
	openFilesMax  = 256      // open files that no request uses
	// After settleTime, equal times prove that a file is unchanged. Within the granularity of the
	// times, two changes look like one. FAT has the coarsest granularity.
	settleTime = 2 * time.Second
)

// fileCache holds the files that were served last. Small ones are in memory, and larger ones are
// open. All of its methods may be called from any loop.
//
// An answer shows each file as it was at most the time valid before the request. After that time
// the first request for a file opens it again by its path, with all checks of a confined root.
type fileCache struct {
	root  *followed
	valid time.Duration
	now   func() time.Time // with the monotonic clock

	mu    sync.Mutex                         // held for the time of a lookup, never during a system call that reads a file
	files *simplelru.LRU[string, *readyFile] // by the path of the URL
	open  int                                // open files in all files
	// plain has the files whose path package net/http has parsed to itself, as the target of a
	// request.
	plain map[string]*readyFile
}

// newFileCache returns a cache of at most as many files, or nil for 0.
func newFileCache(root *followed, files int, valid time.Duration) *fileCache {
	if files == 0 {
		return nil
	}
	c := &fileCache{root: root, valid: valid, now: time.Now, plain: map[string]*readyFile{}}
	// The only error is a size that is not positive.
	c.files, _ = simplelru.NewLRU(files, c.removed)
	return c
}

// removed is called by files for a file that leaves it. The caller holds mu.
func (c *fileCache) removed(path string, f *readyFile) {
	f.removed = true
	delete(c.plain, path)
	for _, file := range f.idle {
		file.Close()
	}
	c.open -= len(f.idle)
	f.idle = nil
}

// get returns the file for the path of a URL, or nil if the path names no regular file.
func (c *fileCache) get(path string) *readyFile {
	now := c.now()
	c.mu.Lock()
	f, _ := c.files.Get(path)
	fresh := f != nil && now.Sub(f.checked) < c.valid
	c.mu.Unlock()
	if fresh {
		return f
	}
	name, ok := nameOf(path)
	if !ok {
		return nil
	}
	return c.refresh(path, name, f, now)
}

// getPlain returns the file for the target of a request if it is in the cache, and package net/http
// has parsed the same target to the path of the file.
func (c *fileCache) getPlain(target []byte) *readyFile {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.plain[string(target)]
	if f == nil || now.Sub(f.checked) >= c.valid {
		return nil
	}
	c.files.Get(f.path) // it is the one used last
	return f
}

// nameOf returns the name, within the root, of the file that package net/http's file server serves
// for the path of a URL. It reports false for paths that the file server redirects.
func nameOf(urlPath string) (name string, ok bool) {
	if !strings.HasPrefix(urlPath, "/") || strings.HasSuffix(urlPath, "/index.html") {
		return "", false
	}
	clean := path.Clean(urlPath)
	switch {
	case urlPath == "/":
		return "index.html", true
	case clean+"/" == urlPath:
		return clean[1:] + "/index.html", true
	case clean == urlPath:
		return clean[1:], true
	}
	return "", false
}

// refresh opens the file for path at the time now. last is the file in the cache, or nil.
func (c *fileCache) refresh(path, name string, last *readyFile, now time.Time) *readyFile {
	file, err := c.openName(name)
	if err != nil {
		c.remove(last)
		return nil
	}
	s, err := stampOf(file)
	same := err == nil && last != nil && last.stamp.equals(s)
	if same && last.settled || err == nil && last != nil && last.content == nil && last.stamp.describes(s.info) {
		c.mu.Lock()
		last.checked = now
		c.mu.Unlock()
		c.give(last, file)
		return last
	}
	var next *readyFile
	if err == nil {
		next, err = newReadyFile(path, name, file, s)
	}
	if err != nil {
		file.Close()
		c.remove(last)
		return nil
	}
	next.checked, next.since = now, now
	if same {
		next.since, next.settled = last.since, now.Sub(last.since) >= settleTime
	}
	c.add(next)
	c.give(next, file)
	return next
}

func (c *fileCache) add(f *readyFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, plain := c.plain[f.path]
	c.files.Remove(f.path)
	c.files.Add(f.path, f)
	if plain {
		c.plain[f.path] = f
	}
}

func (c *fileCache) remove(f *readyFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f != nil && !f.removed {
		c.files.Remove(f.path)
	}
}

// openName opens a file of the root that its path names now. A directory is an error.
func (c *fileCache) openName(name string) (*os.File, error) {
	root, err := c.root.acquire()
	if err != nil {
		return nil, err
	}
	defer root.release()
	file, err := confined{root}.openFile(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, os.ErrNotExist
	}
	return file, nil
}

// take returns f open, at its beginning, for the caller alone: the position belongs to the open
// file. It returns nil if the file has changed since f was made.
func (c *fileCache) take(f *readyFile) *os.File {
	var file *os.File
	c.mu.Lock()
	if last := len(f.idle) - 1; last >= 0 {
		file, f.idle[last], f.idle = f.idle[last], nil, f.idle[:last]
		c.open--
	}
	c.mu.Unlock()
	if file == nil {
		var err error
		if file, err = c.openName(f.name); err != nil {
			c.remove(f)
			return nil
		}
	}
	if info, err := file.Stat(); err != nil || !f.stamp.describes(info) {
		file.Close()
		c.remove(f)
		return nil
	}
	return file
}

// give keeps a file for the next take, or closes it.
func (c *fileCache) give(f *readyFile, file *os.File) {
	if f.content == nil {
		if _, err := file.Seek(0, 0); err == nil && c.keep(f, file) {
			return
		}
	}
	file.Close()
}

func (c *fileCache) keep(f *readyFile, file *os.File) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.removed || c.open >= openFilesMax {
		return false
	}
	f.idle = append(f.idle, file)
	c.open++
	return true
}

// serve answers a GET or HEAD, and reports false if it has not: the file server then does.
func (c *fileCache) serve(w http.ResponseWriter, req *http.Request) bool {
	f := c.get(req.URL.Path)
	if f == nil {
		return false
	}
	if !f.serve(c, w, req) {
		return false
	}
	if req.RequestURI == req.URL.Path {
		c.markPlain(f)
	}
	return true
}

func (c *fileCache) markPlain(f *readyFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !f.removed {
		c.plain[f.path] = f
	}
}

// close closes all open files.
func (c *fileCache) close() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files.Purge()
}
