package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"time"
)

// readyFile is a file with the head of the answer to a GET that selects all of it.
type readyFile struct {
	path    string // of the URL
	name    string // within the root
	stamp   stamp
	before  []byte    // the head up to the value of Date
	after   []byte    // the head from there on
	content []byte    // nil if the file is open instead
	since   time.Time // when the file was first seen as stamp describes it
	settled bool      // content was read at least settleTime after since

	// Guarded by the mu of the cache.
	checked time.Time  // when the file was opened by its name last
	removed bool       // from the cache
	idle    []*os.File // at their beginnings
}

// newReadyFile reads file, whose stamp is s, and leaves its position undefined.
func newReadyFile(path, name string, file *os.File, s stamp) (*readyFile, error) {
	f := &readyFile{path: path, name: name, stamp: s}
	from := io.ReadSeeker(file)
	if size := s.info.Size(); size <= readyBytesMax {
		f.content = make([]byte, size)
		if _, err := io.ReadFull(file, f.content); err != nil {
			return nil, err // the file has become shorter
		}
		from = bytes.NewReader(f.content)
	}
	// Package net/http determines the header.
	w := headerOnly{header: http.Header{}}
	http.ServeContent(&w, &http.Request{Method: http.MethodHead}, s.info.Name(), s.info.ModTime(), from)
	if w.status != http.StatusOK {
		return nil, os.ErrInvalid
	}
	w.header.Set("Date", http.TimeFormat)
	var head bytes.Buffer
	writeHead(&head, http.StatusOK, w.header)
	// No field before Date contains a date.
	f.before, f.after, _ = bytes.Cut(head.Bytes(), []byte(http.TimeFormat))
	return f, nil
}

// appendHead appends the head of an answer with the date.
func (f *readyFile) appendHead(p []byte, date string) []byte {
	return append(append(append(p, f.before...), date...), f.after...)
}

// serve answers a request as package net/http does, and reports false if the file has changed.
func (f *readyFile) serve(c *fileCache, w http.ResponseWriter, req *http.Request) bool {
	var from io.ReadSeeker = bytes.NewReader(f.content)
	if f.content == nil {
		file := c.take(f)
		if file == nil {
			return false
		}
		defer c.give(f, file)
		from = file
	}
	http.ServeContent(w, req, f.stamp.info.Name(), f.stamp.info.ModTime(), from)
	return true
}

// headerOnly is a ResponseWriter that keeps only the header.
type headerOnly struct {
	header http.Header
	status int
}

func (w *headerOnly) Header() http.Header { return w.header }

func (w *headerOnly) Write(p []byte) (int, error) { return len(p), nil }

func (w *headerOnly) WriteHeader(status int) { w.status = status }
