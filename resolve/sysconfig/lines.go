package sysconfig

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The bounds of a configuration file. What exceeds them is skipped and noted in a warning.
const (
	MaxFileBytes = 4 << 20
	MaxLineBytes = 16 << 10
)

// readBytes is the size of one read from a file.
const readBytes = 4 << 10

// quotedMax bounds the bytes of the file in one warning.
const quotedMax = 48

// warnings collects what a parser skips.
type warnings struct {
	file string // its kind, not its path
	list []string
}

func (w *warnings) add(line int, format string, args ...any) {
	if len(w.list) < MaxWarnings {
		w.list = append(w.list, fmt.Sprintf("%s: line %d: ", w.file, line)+fmt.Sprintf(format, args...))
	}
}

// quote quotes text of a file, which may be anything, for a warning.
func quote(s string) string {
	if len(s) > quotedMax {
		return strconv.Quote(s[:quotedMax]) + "..."
	}
	return strconv.Quote(s)
}

// readLines calls visit for each line of r, numbered from 1, without its line end. It skips the
// fields of a line beyond MaxLineBytes, and what follows MaxFileBytes. whole is false if the last
// line has no end.
func readLines(r io.Reader, w *warnings, visit func(n int, line string)) (whole bool, err error) {
	line := make([]byte, 0, 256)
	n, total, overlong := 1, 0, false
	end := func() {
		text := strings.TrimSuffix(string(line), "\r")
		if overlong {
			w.add(n, "longer than %d bytes: the rest is ignored", MaxLineBytes)
			// The last field is incomplete.
			text = text[:strings.LastIndexAny(text, " \t")+1]
		}
		visit(n, text)
		line, overlong = line[:0], false
		n++
	}
	buf := make([]byte, readBytes)
	for {
		got, err := r.Read(buf)
		got = min(got, MaxFileBytes-total)
		total += got
		for _, c := range buf[:got] {
			switch {
			case c == '\n':
				end()
			case len(line) < MaxLineBytes:
				line = append(line, c)
			default:
				overlong = true
			}
		}
		switch {
		case total == MaxFileBytes:
			w.add(n, "the file is longer than %d bytes: the rest is ignored", MaxFileBytes)
			return true, nil
		case errors.Is(err, io.EOF):
			whole = len(line) == 0
			if !whole {
				end()
			}
			return whole, nil
		case err != nil:
			return false, err
		}
	}
}

// fields splits a line at blanks. Only spaces and tabs are blanks: that is the rule of the GNU C
// library.
func fields(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}
