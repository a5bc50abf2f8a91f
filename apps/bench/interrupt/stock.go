//go:build linux

package interrupt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// stock is what a process has that a run could leave behind.
type stock struct {
	descriptors map[string]string // number to what it is
	goroutines  int
}

const descriptorsDir = "/proc/self/fd"

func takeStock() (stock, error) {
	// The first pipe of a process has the Go runtime open descriptors that stay.
	r, w, err := os.Pipe()
	if err != nil {
		return stock{}, err
	}
	if err := errors.Join(r.Close(), w.Close()); err != nil {
		return stock{}, err
	}
	d, err := descriptors()
	return stock{descriptors: d, goroutines: runtime.NumGoroutine()}, err
}

func descriptors() (map[string]string, error) {
	entries, err := os.ReadDir(descriptorsDir)
	if err != nil {
		return nil, err
	}
	open := map[string]string{}
	for _, e := range entries {
		what, err := os.Readlink(filepath.Join(descriptorsDir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was that of the directory
		}
		if err != nil {
			return nil, err
		}
		open[e.Name()] = what
	}
	return open, nil
}

// settleTime is what goroutines and the kernel get to end what has ended.
const settleTime = 5 * time.Second

// leaks returns a sentence for each thing that is there now and was not.
func (s stock) leaks() (found []string) {
	deadline := time.Now().Add(settleTime)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for found = s.look(); len(found) > 0 && time.Now().Before(deadline); found = s.look() {
		<-tick.C
	}
	return found
}

func (s stock) look() (found []string) {
	open, err := descriptors()
	if err != nil {
		return []string{err.Error()}
	}
	for number, what := range open {
		if s.descriptors[number] != what {
			found = append(found, fmt.Sprintf("descriptor %s is left open: %s", number, what))
		}
	}
	if n := runtime.NumGoroutine(); n > s.goroutines {
		text := make([]byte, 16<<10)
		found = append(found, fmt.Sprintf("%d goroutines are left: %s", n-s.goroutines, text[:runtime.Stack(text, true)]))
	}
	return found
}
