package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
)

// files serves the files of a root. It answers GET and HEAD: no other method means anything for a file that is only read.
type files struct{ root *followed }

func (f files) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 Method Not Allowed: this server only answers GET and HEAD.", http.StatusMethodNotAllowed)
		return
	}
	root, err := f.root.acquire()
	if err != nil {
		refuseRoot(w, err)
		return
	}
	defer root.release()
	http.FileServerFS(confined{root}).ServeHTTP(w, req)
}

// refuseRoot answers while there is no root, as between its removal and the next one.
func refuseRoot(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, "404 page not found", http.StatusNotFound)
	case errors.Is(err, fs.ErrPermission):
		http.Error(w, "403 Forbidden", http.StatusForbidden)
	default:
		slog.Error("root", "error", err)
		http.Error(w, "500 Internal Server Error", http.StatusInternalServerError)
	}
}
