package main

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// files serves the files of a root. It answers GET and HEAD only: no other method has a meaning for
// a read-only file.
type files struct {
	root  *followed
	cache *fileCache // or nil
}

func (f files) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 Method Not Allowed: this server only answers GET and HEAD.", http.StatusMethodNotAllowed)
		return
	}
	if f.cache != nil && f.cache.serve(w, req) {
		return
	}
	root, err := f.root.acquire()
	if err != nil {
		refuseRoot(w, err)
		return
	}
	defer root.release()
	http.FileServerFS(confined{root}).ServeHTTP(redirecting{w, req.URL.RawQuery}, req)
}

// refuseRoot answers while there is no root, such as between its removal and the next one.
func refuseRoot(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist), isOfName(err):
		http.Error(w, "404 page not found", http.StatusNotFound)
	case errors.Is(err, fs.ErrPermission):
		http.Error(w, "403 Forbidden", http.StatusForbidden)
	default:
		slog.Error("root", "error", err)
		http.Error(w, "500 Internal Server Error", http.StatusInternalServerError)
	}
}

// redirecting escapes the redirects of package net/http's file server, which contain the unescaped
// name of the directory.
type redirecting struct {
	http.ResponseWriter
	query string // of the request; the redirect repeats it
}

func (r redirecting) WriteHeader(status int) {
	if status == http.StatusMovedPermanently {
		path := r.Header().Get("Location")
		if r.query != "" {
			path = strings.TrimSuffix(path, "?"+r.query)
		}
		r.Header().Set("Location", (&url.URL{Path: path, RawQuery: r.query}).String())
	}
	r.ResponseWriter.WriteHeader(status)
}

// ReadFrom uses the ReadFrom of the ResponseWriter, if it has one.
func (r redirecting) ReadFrom(from io.Reader) (int64, error) { return io.Copy(r.ResponseWriter, from) }
