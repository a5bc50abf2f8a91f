// Package testrun runs `go test -json` and shows a readable summary. It prints a line per package
// that passed and the whole output of a package that failed. It also prints progress on long runs,
// and a final table of conformance results.
package testrun

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
)

// progressEvery is how long a run may be silent before it prints what it is doing.
const progressEvery = 20 * time.Second

// lineBytesMax bounds one line of `go test -json`. A longer line ends the run with an error.
const lineBytesMax = 16 << 20

// Options selects what to run and where.
type Options struct {
	Dir      string
	Env      []string // added to the environment
	Args     []string // after `go test -json`: flags and package patterns
	Out      io.Writer
	Verbose  bool // also print the name of each top-level test that passed
	Every    bool // print the whole output of every test when it ends, subtests included
	Packages int  // number of expected packages, for the progress line; 0 if unknown

	// Ended, if set, is called for each test and subtest that has ended, with the outcome "pass",
	// "fail" or "skip". Calls do not overlap.
	Ended func(test, outcome string)
}

// event is one line of `go test -json`, see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// Result counts the outcomes.
type Result struct {
	Packages    int
	Failed      []string // import paths
	Passed      int      // tests and subtests
	Skipped     int
	Elapsed     time.Duration
	Conformance []string // the lines that begin with CONFORMANCE, without the prefix of t.Log
}

// String returns the totals.
func (r Result) String() string {
	return fmt.Sprintf("%d packages, %d tests passed, %d skipped, %d packages failed, in %v",
		r.Packages, r.Passed, r.Skipped, len(r.Failed), r.Elapsed.Round(time.Second))
}

// Run runs go test. The error is nil only if the run was complete and nothing failed.
func Run(o Options) (Result, error) {
	c := command.Cmd(o.Dir, o.Env, "go", append([]string{"test", "-json"}, o.Args...)...)
	pipe, err := c.StdoutPipe()
	if err != nil {
		return Result{}, err
	}
	stderr := &lockedWriter{out: o.Out}
	c.Stderr = stderr
	if err := c.Start(); err != nil {
		return Result{}, err
	}
	result, readErr := read(pipe, o, stderr)
	if readErr != nil {
		// Drain the pipe, or the go command blocks forever writing to it.
		_, _ = io.Copy(io.Discard, pipe)
	}
	runErr := c.Wait()
	switch {
	case len(result.Failed) > 0:
		return result, fmt.Errorf("go test: %d of %d packages failed: %s",
			len(result.Failed), result.Packages, strings.Join(result.Failed, " "))
	case readErr != nil:
		return result, readErr
	case runErr != nil:
		return result, fmt.Errorf("go test: %w", runErr)
	}
	return result, nil
}

func read(in io.Reader, o Options, out io.Writer) (Result, error) {
	r := newReader(o, out)
	stop := make(chan struct{})
	var ticker sync.WaitGroup
	ticker.Go(func() { r.tick(stop) })
	defer ticker.Wait()
	defer close(stop)

	lines := bufio.NewScanner(in)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			fmt.Fprintf(out, "%s\n", lines.Bytes())
			continue
		}
		r.handle(e)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Elapsed = time.Since(r.start)
	slices.Sort(r.result.Conformance)
	for _, name := range r.unfinished() {
		r.result.Failed = append(r.result.Failed, name)
		fmt.Fprintf(out, "FAIL\t%s\t(did not finish)\n%s", name, r.open[name].text(nil))
	}
	return r.result, lines.Err()
}

// reader turns events into a report. It has a lock because another goroutine writes the progress
// line.
type reader struct {
	out     io.Writer
	verbose bool
	every   bool
	ended   func(test, outcome string)
	total   int
	start   time.Time

	mu     sync.Mutex
	quiet  time.Time // time of the last write
	open   map[string]*packageRun
	builds map[string]*strings.Builder // output of the compiler, by ImportPath
	result Result
}

func newReader(o Options, out io.Writer) *reader {
	return &reader{
		out: out, verbose: o.Verbose, every: o.Every, ended: o.Ended, total: o.Packages, start: time.Now(), quiet: time.Now(),
		open: map[string]*packageRun{}, builds: map[string]*strings.Builder{},
	}
}

// packageRun is a package whose tests have started and not ended.
type packageRun struct {
	tests   []*testRun // in starting order; the first has no name and is the package itself
	byName  map[string]*testRun
	passed  int
	skipped int
}

type testRun struct {
	name    string
	outcome string // "" while it runs
	elapsed float64
	output  strings.Builder
}

func (p *packageRun) test(name string) *testRun {
	t := p.byName[name]
	if t == nil {
		t = &testRun{name: name}
		p.byName[name] = t
		p.tests = append(p.tests, t)
	}
	return t
}

// text returns the output of the package and of each test that neither passed nor was skipped, each
// in one piece.
func (p *packageRun) text(build *strings.Builder) string {
	var b strings.Builder
	if build != nil {
		b.WriteString(build.String())
	}
	for _, t := range p.tests[1:] {
		if t.outcome != "pass" && t.outcome != "skip" {
			b.WriteString(t.output.String())
		}
	}
	b.WriteString(p.tests[0].output.String())
	return b.String()
}

func (r *reader) handle(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Action == "build-output" {
		b := r.builds[e.ImportPath]
		if b == nil {
			b = &strings.Builder{}
			r.builds[e.ImportPath] = b
		}
		b.WriteString(e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := r.open[e.Package]
	if p == nil {
		p = &packageRun{byName: map[string]*testRun{}}
		p.test("")
		r.open[e.Package] = p
	}
	switch e.Action {
	case "output":
		p.test(e.Test).output.WriteString(e.Output)
	case "run":
		p.test(e.Test)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.end(e, p)
			return
		}
		t := p.test(e.Test)
		t.outcome, t.elapsed = e.Action, e.Elapsed
		switch e.Action {
		case "pass":
			p.passed++
		case "skip":
			p.skipped++
		}
		r.result.Conformance = append(r.result.Conformance, p.conformance(t)...)
		if r.ended != nil {
			r.ended(e.Test, e.Action)
		}
		if r.every {
			r.quiet = time.Now()
			fmt.Fprint(r.out, t.output.String())
		}
	}
}

func (r *reader) end(e event, p *packageRun) {
	delete(r.open, e.Package)
	r.quiet = time.Now()
	r.result.Packages++
	r.result.Passed += p.passed
	r.result.Skipped += p.skipped
	switch {
	case e.Action == "fail":
		r.result.Failed = append(r.result.Failed, e.Package)
		fmt.Fprint(r.out, p.text(r.builds[e.FailedBuild]))
	case p.passed+p.skipped == 0:
		if r.verbose {
			fmt.Fprintf(r.out, "?   \t%s\t[no tests]\n", e.Package)
		}
	default:
		fmt.Fprintf(r.out, "ok  \t%s\t%.3fs\t%d passed", e.Package, e.Elapsed, p.passed)
		if p.skipped > 0 {
			fmt.Fprintf(r.out, ", %d skipped", p.skipped)
		}
		if r.total > 0 {
			fmt.Fprintf(r.out, " (%d of %d packages)", r.result.Packages, r.total)
		}
		fmt.Fprintln(r.out)
	}
	if r.verbose {
		for _, t := range p.tests[1:] {
			if !strings.Contains(t.name, "/") && (t.outcome == "pass" || t.outcome == "skip") {
				fmt.Fprintf(r.out, "--- %s: %s (%.2fs)\n", strings.ToUpper(t.outcome), t.name, t.elapsed)
			}
		}
	}
}

// tick writes a line when nothing else was written for progressEvery.
func (r *reader) tick(stop <-chan struct{}) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		r.mu.Lock()
		if time.Since(r.quiet) >= progressEvery {
			r.quiet = time.Now()
			fmt.Fprintln(r.out, r.progress())
		}
		r.mu.Unlock()
	}
}

func (r *reader) progress() string {
	var b strings.Builder
	fmt.Fprintf(&b, "... %ds: %d", int(time.Since(r.start).Seconds()), r.result.Packages)
	if r.total > 0 {
		fmt.Fprintf(&b, " of %d", r.total)
	}
	b.WriteString(" packages done")
	running := r.unfinished()
	if len(running) == 0 {
		b.WriteString(", compiling")
	}
	for _, name := range running {
		p := r.open[name]
		fmt.Fprintf(&b, "; in %s %d tests done", name, p.passed+p.skipped)
		for _, t := range slices.Backward(p.tests[1:]) {
			if t.outcome == "" {
				fmt.Fprintf(&b, ", at %s", t.name)
				break
			}
		}
	}
	return b.String()
}

func (r *reader) unfinished() []string {
	var names []string
	for name := range r.open {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lockedWriter lets the go command's standard error and the report share one writer.
type lockedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}
