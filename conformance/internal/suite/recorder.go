package suite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// hangGrace is how long a hung case may take to end after its OnHang functions have run.
const hangGrace = time.Second

// recorder is the T of a case.
type recorder struct {
	name     string
	ctx      context.Context
	patience time.Duration
	stalls   *stalls
	log      func(string)

	mu        sync.Mutex // guards all fields below
	failures  []string
	helpers   map[uintptr]bool // program counters of calls of Helper
	cleanups  []func()
	onHang    []func()
	evidences []func() string
	over      bool // the case was abandoned: late failures are dropped
}

// execute runs body on its own goroutine, so that FailNow and a panic end only the case. It returns
// the failures. The case counts as hung after limitScale times the patience.
func execute(parent context.Context, name string, patience time.Duration, log func(string), body func(T)) string {
	limit := limitScale * patience
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	r := &recorder{name: name, ctx: ctx, patience: patience, stalls: watchStalls(), log: log, helpers: map[uintptr]bool{}}
	defer r.stalls.end()

	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.runCleanups()
		r.protect("case", func() { body(r) })
	}()

	select {
	case <-done:
	case <-ctx.Done():
		// A case that watches its context ends by itself. A hung case ends only after the thing
		// that it waits on is closed.
		select {
		case <-done:
		case <-time.After(hangGrace):
			r.hung(done, limit)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	return strings.Join(r.failures, "\n")
}

func (r *recorder) hung(done <-chan struct{}, limit time.Duration) {
	r.Errorf("hung for more than %v; %s", limit, r.evidence())
	r.mu.Lock()
	fs := r.onHang
	r.onHang = nil
	r.mu.Unlock()
	released := make(chan struct{})
	go func() {
		defer close(released)
		for i := len(fs) - 1; i >= 0; i-- {
			r.protect("OnHang", fs[i])
		}
	}()
	grace := time.After(hangGrace)
	for range 2 {
		select {
		case <-released:
			released = nil
		case <-done:
			return
		case <-grace:
			return
		}
	}
}

// protect turns a panic in f into a failure. It lets the Goexit of FailNow pass.
func (r *recorder) protect(what string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			r.Errorf("panic in %s: %v\n%s", what, v, debug.Stack())
		}
	}()
	f()
}

func (r *recorder) runCleanups() {
	for {
		r.mu.Lock()
		n := len(r.cleanups)
		if n == 0 {
			r.mu.Unlock()
			return
		}
		f := r.cleanups[n-1]
		r.cleanups = r.cleanups[:n-1]
		r.mu.Unlock()
		func() {
			// A cleanup may call FailNow, which calls Goexit: the deferred call continues with the
			// next cleanup.
			finished := false
			defer func() {
				if !finished {
					r.runCleanups()
				}
			}()
			r.protect("cleanup", f)
			finished = true
		}()
	}
}

func (r *recorder) Name() string             { return r.name }
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Patience() time.Duration  { return r.patience }

func (r *recorder) Helper() {
	var pcs [1]uintptr
	if runtime.Callers(2, pcs[:]) == 1 {
		r.mu.Lock()
		r.helpers[pcs[0]] = true // where finds the function: few cases report anything
		r.mu.Unlock()
	}
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

func (r *recorder) OnHang(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onHang = append(r.onHang, f)
}

func (r *recorder) Evidence(f func() string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.evidences = append(r.evidences, f)
}

func (r *recorder) Hang(format string, args ...any) {
	r.Errorf("timed out after %v waiting for: %s; %s", r.patience, fmt.Sprintf(format, args...), r.evidence())
	r.FailNow()
}

func (r *recorder) TempDir() string {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		r.Fatalf("temporary directory: %v", err)
	}
	r.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			r.Errorf("temporary directory: %v", err)
		}
	})
	return dir
}

func (r *recorder) Logf(format string, args ...any) {
	if r.log != nil {
		r.log(r.where() + fmt.Sprintf(format, args...))
	}
}

func (r *recorder) Errorf(format string, args ...any) {
	msg := r.where() + fmt.Sprintf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.failures = append(r.failures, msg)
	}
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

func (r *recorder) FailNow() {
	r.mu.Lock()
	if len(r.failures) == 0 {
		r.failures = append(r.failures, "FailNow")
	}
	r.mu.Unlock()
	runtime.Goexit()
}

// where returns the position of the report. It skips the functions that called Helper and the
// methods of recorder.
func (r *recorder) where() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	helpers := r.helping()
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "suite.(*recorder)") && !helpers[f.Function] && !strings.Contains(f.Function, "suite.Receive[") {
			return fmt.Sprintf("%s:%d: ", filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}

// helping returns the names of the functions that called Helper.
func (r *recorder) helping() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[string]bool{}
	for pc := range r.helpers {
		f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		names[f.Function] = true
	}
	return names
}
