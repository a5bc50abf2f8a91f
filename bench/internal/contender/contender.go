// Package contender builds the servers that the measures compare: those of this workspace, and the
// peers. Each is a program of one thread or one loop that prints its address.
package contender

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// Contender is a server that can be started.
type Contender struct {
	Word    string // on the command line
	Name    string
	Version string // of what it is built on; empty for this workspace
	Ours    bool   // it is of this workspace

	line   []string
	sink   string   // the flag that makes it discard what arrives
	bulk   []string // flags for large transfers, if its buffers are a choice of the program
	report []string // flags that make it free memory and log that; empty if it has no garbage
}

// Purpose is what a server is started for.
type Purpose uint8

// Purposes.
const (
	Echo Purpose = iota
	BulkEcho
	Sink // discards what arrives
	Idle // logs reports of its memory, if Reports
)

// Command returns the command line of the server for a purpose.
func (c *Contender) Command(p Purpose) []string {
	line := slices.Clone(c.line)
	switch p {
	case BulkEcho:
		line = append(line, c.bulk...)
	case Sink:
		line = append(append(line, c.bulk...), c.sink)
	case Idle:
		line = append(line, c.report...)
	}
	return line
}

// Reports reports whether the server logs reports of its memory when it is started for Idle.
func (c *Contender) Reports() bool { return len(c.report) > 0 }

// reportEvery is the time between two reports.
const reportEvery = 200 * time.Millisecond

// Skipped is a server that cannot run here.
type Skipped struct {
	Word   string `json:"word"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Build builds the peers that words name, in the order of the list of peers. It prints those that
// cannot be built, or do not start. dir holds what it builds.
func Build(ctx context.Context, out io.Writer, dir string, words []string) ([]*Contender, []Skipped, error) {
	var all []*Contender
	var skipped []Skipped
	for _, p := range peers() {
		if !slices.Contains(words, p.word) {
			continue
		}
		c, err := p.contender(ctx, dir)
		if err == nil {
			err = c.Try(ctx)
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			s := Skipped{p.word, p.name, oneLine(err)}
			skipped = append(skipped, s)
			fmt.Fprintf(out, "skipped %s: %s\n", s.Name, s.Reason)
			continue
		}
		all = append(all, c)
	}
	return all, skipped, nil
}

// Try starts the server and stops it. An error says why it cannot run here.
func (c *Contender) Try(ctx context.Context) error {
	server, err := process.Start(ctx, process.ServerCPU, c.line)
	if err != nil {
		return err
	}
	server.Stop()
	return nil
}

// reasonMax bounds the text of a reason.
const reasonMax = 300

// oneLine returns the text of an error, without the rest of what a compiler has printed.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > reasonMax {
		text = text[:reasonMax] + "..."
	}
	return text
}

// TemporaryDir makes a directory for Build. The second result removes it.
func TemporaryDir() (string, func(), error) {
	dir, err := os.MkdirTemp("", "bench")
	return dir, func() { os.RemoveAll(dir) }, err
}
