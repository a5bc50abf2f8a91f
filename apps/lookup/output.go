package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/term"
)

// Bounds on the results that wait for an earlier one, in the order of the names.
const (
	windowNames = 16 << 10
	windowBytes = 16 << 20 // no lookup is started above it
)

// latencyMax is the longest latency, in microseconds, that the summary knows.
const latencyMax = int64(timeoutMax / 1000)

// output prints results, and counts them.
type output struct {
	formatter formatter
	config    *config
	onScreen  bool // standard output is a terminal, as the progress bar is

	mu       sync.Mutex // guards the fields below
	stdout   *bufio.Writer
	stderr   *bufio.Writer
	progress *progress
	err      error  // of standard output
	head     int64  // position of the next name to print
	slots    []slot // of the names from head on, by position modulo windowNames; nil if the order does not matter
	waiting  int    // bytes in slots

	names    int64
	without  int64 // names without an answer
	statuses map[string]int64
	latency  *hdrhistogram.Histogram
}

// slot is a result that waits for an earlier one.
type slot struct {
	done    bool
	text    []byte
	failure string
}

func newOutput(c *config, stdout, stderr *os.File) *output {
	o := &output{
		formatter: formatterOf(c.format, c.timeout), config: c, onScreen: term.IsTerminal(int(stdout.Fd())),
		stdout: bufio.NewWriterSize(stdout, 64<<10), stderr: bufio.NewWriter(stderr), progress: newProgress(c, stderr),
		statuses: map[string]int64{}, latency: hdrhistogram.New(1, latencyMax, 3),
	}
	if !c.unordered {
		o.slots = make([]slot, windowNames)
	}
	if c.format == "csv" {
		o.print([]byte(headerCSV))
	}
	return o
}

// room reports whether the lookup of the name at a position may begin: its result must have a place
// to wait in.
func (o *output) room(seq int64) bool {
	if o.slots == nil {
		return true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return seq == o.head || seq < o.head+windowNames && o.waiting < windowBytes
}

// deliver takes a result with its lines, and reports whether there is more room now.
func (o *output) deliver(r *result, text []byte) bool {
	failure := ""
	if r.err != nil && o.config.format == "table" && !o.config.quiet {
		failure = fmt.Sprintf("lookup: %s: %s\n", r.label(), r.failure(o.config.timeout))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.status == statusCanceled {
		text, failure = nil, "" // by the end of the program
	} else {
		o.count(r)
	}
	if o.slots == nil {
		o.emit(text, failure)
		return false
	}
	if r.seq != o.head {
		o.slots[r.seq%windowNames] = slot{true, bytes.Clone(text), failure}
		o.waiting += len(text) + len(failure)
		return false
	}
	o.emit(text, failure)
	for o.head++; ; o.head++ {
		s := &o.slots[o.head%windowNames]
		if !s.done {
			return true
		}
		o.emit(s.text, s.failure)
		o.waiting -= len(s.text) + len(s.failure)
		*s = slot{}
	}
}

// label returns the name in messages, or its line if it has no name.
func (r *result) label() string {
	if r.name == "" && r.line > 0 {
		return fmt.Sprintf("line %d", r.line)
	}
	name := r.name
	if r.status == statusBadName {
		name = fmt.Sprintf("%q", clip(name))
		if r.line > 0 {
			name = fmt.Sprintf("line %d: %s", r.line, name)
		}
	}
	return oneLine(name)
}

// labelMax bounds the bytes of a malformed name in a message.
const labelMax = 80

func clip(name string) string {
	if len(name) > labelMax {
		return name[:labelMax] + "..."
	}
	return name
}

func (o *output) count(r *result) {
	o.names++
	o.statuses[r.status]++
	if r.err != nil {
		o.without++
	}
	if r.status != statusBadName {
		_ = o.latency.RecordValue(min(max(1, r.took.Microseconds()), latencyMax))
	}
	o.progress.finished()
}

func (o *output) emit(text []byte, failure string) {
	o.print(text)
	if failure != "" {
		o.progress.hide()
		_, _ = o.stderr.WriteString(failure)
	}
}

func (o *output) print(text []byte) {
	if len(text) == 0 || o.err != nil {
		return
	}
	if o.onScreen {
		o.progress.hide()
	}
	_, o.err = o.stdout.Write(text)
}

// flush writes what was printed, and returns the error of standard output.
func (o *output) flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil && o.stdout.Buffered() > 0 {
		o.err = o.stdout.Flush()
	}
	_ = o.stderr.Flush()
	return o.err
}

// end prints the results that wait for one that was canceled, and ends the progress bar.
func (o *output) end() error {
	o.mu.Lock()
	for i := range o.slots {
		s := &o.slots[(o.head+int64(i))%windowNames]
		o.emit(s.text, s.failure)
	}
	o.progress.close()
	o.mu.Unlock()
	return o.flush()
}
