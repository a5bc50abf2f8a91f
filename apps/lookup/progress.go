package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on a terminal and does nothing elsewhere. Its callers take turns.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(c *config, out *os.File) *progress {
	if c.quiet || c.trace || !c.many || !term.IsTerminal(int(out.Fd())) {
		return &progress{}
	}
	total := -1 // a list has no known length: the bar counts
	if a, ok := c.input.(*argumentNames); ok {
		total = len(a.left)
	}
	return &progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetDescription("looking up"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("names"),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		// Otherwise a bar without a length has a goroutine, which reads it without its lock.
		progressbar.OptionSetSpinnerChangeInterval(0),
	)}
}

func (p *progress) finished() {
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

// hide clears the line of the bar, which the next step draws again.
func (p *progress) hide() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
