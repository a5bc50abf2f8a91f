// Package report prints results as tables, and progress on a terminal.
package report

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// NewTable returns a table whose cells end with tabs and are aligned to the right.
func NewTable(out io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// System describes the system on which figures were measured.
func System() string {
	text := fmt.Sprintf("%s, %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		text += ", kernel " + strings.TrimSpace(string(release))
	}
	return text
}

// Progress shows on a terminal what is being measured. It prints nothing elsewhere.
type Progress struct{ bar *progressbar.ProgressBar }

// NewProgress returns the progress of a number of steps, or of an unknown number if steps is -1. It
// is shown on standard error.
func NewProgress(steps int) *Progress {
	return &Progress{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Begin shows the step that begins now.
func (p *Progress) Begin(format string, args ...any) {
	p.bar.Describe(fmt.Sprintf(format, args...))
}

// Done counts a step.
func (p *Progress) Done() { _ = p.bar.Add(1) }

// Clear removes the progress from the terminal until the next step begins.
func (p *Progress) Clear() { _ = p.bar.Clear() }

// End removes the progress from the terminal.
func (p *Progress) End() { _ = p.bar.Finish() }
