package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// Bounds on the names.
const (
	lineBytes = 64 << 10 // of a line of the list, including its end
	aheadMax  = 1024     // names that are read before they are looked up
)

// entry is a name as given by the user.
type entry struct {
	name string
	line int   // line in the list; 0 for an argument
	seq  int64 // position among the names
	err  error // why it cannot be looked up
}

// names yields the names one after the other, and io.EOF after the last.
type names interface{ next() (entry, error) }

// openNames opens the list of that name, or takes the arguments without one.
func openNames(name string, stdin io.Reader, args []string) (names, error) {
	if name == "" {
		return &argumentNames{left: args}, nil
	}
	in := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, cli.Usagef("-i: %w", err)
		}
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, cli.Usagef("-i %s: is a directory: want a file with one name per line", name)
		}
		in = file
	}
	return &listedNames{name: name, lines: bufio.NewReaderSize(in, lineBytes)}, nil
}

type argumentNames struct{ left []string }

func (a *argumentNames) next() (entry, error) {
	if len(a.left) == 0 {
		return entry{}, io.EOF
	}
	e := entry{name: a.left[0]}
	a.left = a.left[1:]
	return e, nil
}

// listedNames reads a list while its names are looked up. A line that is too long becomes an entry
// that fails.
type listedNames struct {
	name  string
	lines *bufio.Reader
	line  int
	ended error
}

func (l *listedNames) next() (entry, error) {
	for l.ended == nil {
		l.line++
		e := entry{line: l.line}
		text, err := l.lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			e.err = fmt.Errorf("line longer than %d bytes: want one name per line", lineBytes)
			comment := bytes.HasPrefix(bytes.TrimSpace(text), []byte("#"))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = l.lines.ReadSlice('\n')
			}
			if comment {
				e.err = nil
			}
		} else {
			text, _, _ = bytes.Cut(text, []byte("#"))
			e.name = string(bytes.TrimSpace(text))
		}
		switch {
		case errors.Is(err, io.EOF):
			l.ended = io.EOF
		case err != nil:
			l.ended = fmt.Errorf("-i %s: line %d: %w", l.name, l.line, err)
		}
		if e.name != "" || e.err != nil {
			return e, nil
		}
	}
	return entry{}, l.ended
}

// feed reads the names on a goroutine of its own, since a read of a terminal or a pipe blocks.
type feed struct {
	entries chan entry // closed after the last
	err     error      // why reading ended early; set before entries is closed
}

// newFeed starts to read. pushed is called after each name and after the end.
func newFeed(ctx context.Context, in names, pushed func()) *feed {
	f := &feed{entries: make(chan entry, aheadMax)}
	go func() {
		defer pushed()
		defer close(f.entries)
		for seq := int64(0); ; seq++ {
			e, err := in.next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					f.err = err
				}
				return
			}
			e.seq = seq
			select {
			case f.entries <- e:
			case <-ctx.Done():
				return
			}
			pushed()
		}
	}()
	return f
}
