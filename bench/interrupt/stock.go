//go:build linux

package interrupt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// stock lists the resources of a process that a run could leak.
type stock struct {
	descriptors map[string]string // by number
	goroutines  map[string]bool   // by number, as in stacks
}

const descriptorsDir = "/proc/self/fd"

func takeStock() (stock, error) {
	// The first pipe of a process makes the Go runtime open descriptors that stay.
	r, w, err := os.Pipe()
	if err != nil {
		return stock{}, err
	}
	if err := errors.Join(r.Close(), w.Close()); err != nil {
		return stock{}, err
	}
	d, err := descriptors()
	return stock{descriptors: d, goroutines: goroutines()}, err
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
			continue // it was the descriptor of the directory itself
		}
		if err != nil {
			return nil, err
		}
		open[e.Name()] = what
	}
	return open, nil
}

func goroutines() map[string]bool {
	numbers := map[string]bool{}
	for number := range stacks() {
		numbers[number] = true
	}
	return numbers
}

// stacksBytesMax bounds how much is read of the stacks of all goroutines.
const stacksBytesMax = 16 << 20

// stacks returns the stacks of all goroutines by their numbers, which are never used again.
func stacks() map[string]string {
	text := make([]byte, 64<<10)
	n := runtime.Stack(text, true)
	for n == len(text) && n < stacksBytesMax {
		text = make([]byte, 2*len(text))
		n = runtime.Stack(text, true)
	}
	text = text[:n]
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(text), "\n\n") {
		if words := strings.Fields(stack); len(words) > 1 {
			all[words[1]] = stack
		}
	}
	return all
}

// settleTime bounds the time in which goroutines and the kernel finish what has ended.
const settleTime = 5 * time.Second

// leaks returns a sentence for each thing that exists now and did not before.
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
	// A count would not suffice: one goroutine may have ended while another was left.
	var left []string
	for number, stack := range stacks() {
		if !s.goroutines[number] {
			left = append(left, stack)
		}
	}
	if len(left) > 0 {
		found = append(found, fmt.Sprintf("%d goroutines are left: %s", len(left), strings.Join(left, "\n\n")))
	}
	return found
}
