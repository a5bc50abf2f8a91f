package compare

import (
	"strconv"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/contender"
	"github.com/edgewise-go/edgewise/bench/internal/program"
)

// kind is the way in which a load treats a server.
type kind string

// Kinds of loads. The program echo produces the first, and the role of this package the others.
const (
	closed   kind = "closed" // the next message follows the one that came back
	paced    kind = "paced"  // messages leave at a rate, whether the earlier ones came back or not
	churn    kind = "churn"  // a connection per message
	flood    kind = "flood"  // in one direction
	idleKind kind = "idle"   // one message per connection, and then silence
)

// Work is a row of the comparison.
type Work struct {
	Word        string `json:"word"`
	Title       string `json:"title"`
	Kind        kind   `json:"kind"`
	Connections int    `json:"connections"`
	Size        int    `json:"bytes"`           // of a message
	Depth       int    `json:"depth,omitempty"` // messages in flight on each connection
	Rate        int    `json:"rate,omitempty"`  // messages per second on all connections
	purpose     contender.Purpose
}

// works returns all rows. held is the number of idle connections.
func works(held int) []Work {
	return []Work{
		{"few", "64 connections, 64 B", closed, 64, 64, 1, 0, contender.Echo},
		{"many", "1,000 connections, 128 B", closed, 1000, 128, 1, 0, contender.Echo},
		{"pipeline", "64 connections, 64 B, 16 in flight", closed, 64, 64, 16, 0, contender.Echo},
		{"kib", "64 connections, 1 KiB", closed, 64, 1 << 10, 1, 0, contender.Echo},
		{"churn", "connect, 64 B, close; 64 at once", churn, 64, 64, 0, 0, contender.Echo},
		{"paced", "20,000 messages/s, 64 connections, 64 B", paced, 64, 64, 0, 20_000, contender.Echo},
		{"bulk64k", "16 connections, 64 KiB", closed, 16, 64 << 10, 1, 0, contender.BulkEcho},
		{"bulk1m", "4 connections, 1 MiB", closed, 4, 1 << 20, 1, 0, contender.BulkEcho},
		{"sink", "one way, 4 connections, per 64 KiB", flood, 4, 64 << 10, 0, 0, contender.Sink},
		{idleWord, "memory per idle connection, of " + strconv.Itoa(held), idleKind, held, 0, 0, 0, contender.Idle},
	}
}

// idleWord is the word of the row of memory.
const idleWord = "idle"

func workWords() []string {
	var words []string
	for _, w := range works(0) {
		words = append(words, w.Word)
	}
	return words
}

// load returns the command line of the load for d.
func (w Work) load(self []string, echo, addr string, d time.Duration) []string {
	if w.Kind == closed {
		l := program.Load{Conns: w.Connections, Size: w.Size, Depth: w.Depth, Duration: d}
		return l.Line(echo, addr)
	}
	return append(self[:len(self):len(self)], "--addr", addr, "--kind", string(w.Kind), "--connections", strconv.Itoa(w.Connections),
		"--size", strconv.Itoa(w.Size), "--rate", strconv.Itoa(w.Rate), "--duration", d.String())
}
