package sysconfig

import (
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
)

// Watcher keeps the configuration up to date. It has no goroutine: the first call of Current after
// the interval checks for changes. On Unix systems a check costs one stat of each file. On Windows
// it reads the network adapters. All methods may be called by any number of goroutines.
//
// A changed configuration is in use after one interval, 1 second by default. Three kinds of change
// are doubtful, because a program that rewrites the file may be in the middle of it: no file, a
// file without a name server, and a file whose last line has no end. Such a file is put into use
// when two checks have seen it unchanged, one [Options.Debounce] apart. An empty file is never put
// into use, nor is one that cannot be read. Until then the last configuration stays in use, and
// [Watcher.Err] returns the reason.
//
// With the option no-reload in the configuration, a Watcher does not look for changes any more.
type Watcher struct {
	options Options
	epoch   time.Time    // set once; its monotonic reading makes due independent of wall-clock changes
	due     atomic.Int64 // when the next check is due, in nanoseconds since epoch
	current atomic.Pointer[installed]
	failure atomic.Pointer[error] // nil if there is none

	mu       sync.Mutex  // held during a check; no caller waits for it
	files    []fileState // guarded by mu; of the snapshot last compared with the current configuration
	fresh    bool        // guarded by mu; a file in files may have changed without a trace
	doubtful []fileState // guarded by mu; seen in doubt since doubtAt
	doubtAt  time.Time   // guarded by mu
}

type installed struct {
	config     *Settings
	generation uint64
}

// freshFor is the resolution of the coarsest file times in use (FAT). Two modifications within it
// may leave the same time, so a file that was read that soon after one is read again.
const freshFor = 2 * time.Second

// NewWatcher reads the configuration, and returns its error if that fails. A doubtful file is put
// into use, because there is no other configuration, and Err returns the reason.
func NewWatcher(options Options) (*Watcher, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &Watcher{options: o, epoch: o.Clock()}
	s, err := o.read()
	if err != nil {
		return nil, err
	}
	w.current.Store(&installed{s.config, 1})
	w.seen(s, w.epoch)
	w.due.Store(int64(o.Interval))
	if s.doubt != doubtNone && s.doubt != doubtMissing {
		w.fresh = true // look again, even if nothing seems to change
		w.report(s.suspicion("in use because there is no other"))
	}
	return w, nil
}

// Current returns the configuration in use. If a check is due and no other call is performing it,
// Current performs it: it reads changed files. Otherwise Current takes less than a microsecond.
func (w *Watcher) Current() *Settings {
	if w.isDue() && w.mu.TryLock() {
		if w.isDue() && !w.current.Load().config.NoReload {
			w.check()
		}
		w.mu.Unlock()
	}
	return w.current.Load().config
}

// Generation returns a number that increases with each configuration that is put into use. It does
// not check for changes.
func (w *Watcher) Generation() uint64 { return w.current.Load().generation }

// Err returns why the last check failed, or why a changed file is not in use. It returns nil if the
// configuration in use is that of the system. It does not check for changes.
func (w *Watcher) Err() error {
	if err := w.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *Watcher) isDue() bool {
	return w.options.Clock().Sub(w.epoch) >= time.Duration(w.due.Load())
}

func (w *Watcher) report(err error) {
	if err == nil {
		w.failure.Store(nil)
		return
	}
	w.failure.Store(&err)
}

// check must be called with mu held.
func (w *Watcher) check() {
	now := w.options.Clock()
	w.due.Store(int64(now.Sub(w.epoch) + w.options.Interval))
	same, err := w.unchanged()
	if err != nil {
		w.report(err)
		return
	}
	if same {
		w.doubtful = nil
		w.report(nil)
		return
	}
	s, err := w.options.read()
	if err != nil {
		w.report(err)
		return
	}
	if w.mustWait(s, now) {
		w.report(s.suspicion("the previous configuration stays in use"))
		return
	}
	w.doubtful = nil
	w.seen(s, now)
	if c := w.current.Load(); !c.config.equal(s.config) {
		w.current.Store(&installed{s.config, c.generation + 1})
	}
	w.report(nil)
}

// unchanged reports whether the files are those of the current configuration.
func (w *Watcher) unchanged() (bool, error) {
	if len(w.files) == 0 || w.fresh {
		return false, nil
	}
	for _, f := range w.files {
		var info fs.FileInfo
		var err error
		if f.path != "" {
			info, err = stat(f.path)
		}
		if err != nil || !f.is(info) {
			return false, err
		}
	}
	return true, nil
}

func (w *Watcher) seen(s snapshot, now time.Time) {
	w.files, w.fresh = s.files, false
	for _, f := range s.files {
		if f.info != nil {
			age := now.Sub(f.info.ModTime())
			w.fresh = w.fresh || -freshFor < age && age < freshFor
		}
	}
}

// mustWait reports whether s is too doubtful to be put into use now.
func (w *Watcher) mustWait(s snapshot, now time.Time) bool {
	switch {
	case s.doubt == doubtNone || w.current.Load().config.equal(s.config):
		return false
	case s.doubt == doubtEmpty:
		return true
	}
	if s.doubt == doubtMoved || !sameFiles(w.doubtful, s.files) {
		w.doubtful, w.doubtAt = s.files, now
	}
	if now.Sub(w.doubtAt) >= w.options.Debounce {
		return false
	}
	if wait := now.Sub(w.epoch) + w.options.Debounce; int64(wait) < w.due.Load() {
		w.due.Store(int64(wait))
	}
	return true
}

func sameFiles(a, b []fileState) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].is(b[i].info) {
			return false
		}
	}
	return true
}

func (s snapshot) suspicion(consequence string) error {
	return fmt.Errorf("sysconfig: %s %s: %s", s.files[0].path, s.doubt, consequence)
}
