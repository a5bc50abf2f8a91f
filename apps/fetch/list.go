package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// entry is a URL as given by the user.
type entry struct {
	raw  string
	line int   // line in the list; 0 for an argument
	err  error // why it cannot be fetched
}

// Bounds on one run.
const (
	urlsMax   = 1 << 20
	lineBytes = 64 << 10 // of a line of the list, including its end
)

// readList reads a list of URLs. A line that is too long becomes an entry that fails. If reading
// fails after some lines, the line where it failed becomes such an entry. readList does not read
// beyond urlsMax.
func readList(name string, stdin io.Reader) ([]entry, error) {
	in := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, cli.Usagef("-i: %w", err)
		}
		defer file.Close()
		in = file
	}
	var entries []entry
	lines := bufio.NewReaderSize(in, lineBytes)
	for n := 1; len(entries) <= urlsMax; n++ {
		text, err := lines.ReadSlice('\n')
		text = bytes.TrimSpace(text)
		comment := len(text) == 0 || text[0] == '#'
		e := entry{line: n}
		if errors.Is(err, bufio.ErrBufferFull) {
			e.err = fmt.Errorf("longer than %d bytes", lineBytes)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = lines.ReadSlice('\n')
			}
		} else {
			e.raw = string(text)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("-i %s: %w", name, err)
			if len(entries) == 0 {
				return nil, cli.Usage(err)
			}
			return append(entries, entry{line: n, err: err}), nil
		}
		if !comment {
			entries = append(entries, e)
		}
		if err != nil {
			break
		}
	}
	return entries, nil
}
