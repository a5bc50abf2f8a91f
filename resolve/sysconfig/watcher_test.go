package sysconfig

import (
	"io/fs"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watched is a Watcher with a clock of its own, which also gives the files their times.
type watched struct {
	*files
	*Watcher
	mu    sync.Mutex
	now   time.Time
	reads int // of resolv.conf
	fails error
}

func watch(t *testing.T, text string) *watched {
	t.Helper()
	w := &watched{files: newFiles(t), now: time.Unix(1e9, 0)}
	w.set(text)
	w.advance(time.Hour)
	o := w.files.options()
	o.Clock = func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	o.open = func(path string) (fs.File, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.fails != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: w.fails}
		}
		if path == w.resolv {
			w.reads++
		}
		return os.Open(path)
	}
	var err error
	w.Watcher, err = NewWatcher(o)
	require.NoError(t, err)
	return w
}

func (w *watched) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// set writes resolv.conf in place, now.
func (w *watched) set(text string) {
	w.files.write(w.resolv, text)
	require.NoError(w.files.t, os.Chtimes(w.resolv, w.now, w.now))
}

func (w *watched) has(text string, generation uint64) {
	w.files.t.Helper()
	require.Equal(w.files.t, servers(text), w.Current().Servers)
	require.Equal(w.files.t, generation, w.Generation())
}

const (
	one   = "nameserver 192.0.2.1\n"
	two   = "nameserver 192.0.2.2\n"
	three = "nameserver 192.0.2.3\n"
)

func TestWatcherSeesChanges(t *testing.T) {
	w := watch(t, one)
	w.has("192.0.2.1", 1)
	before := w.Current()
	w.set(two)
	w.advance(DefaultInterval - 1)
	require.Same(t, before, w.Current(), "before the interval has passed")
	w.advance(1)
	w.has("192.0.2.2", 2)
	require.Equal(t, servers("192.0.2.1"), before.Servers, "a configuration in the hands of a caller")
	w.advance(DefaultInterval)
	require.Same(t, w.Current(), w.Current())
	require.NoError(t, w.Err())

	// nsswitch.conf
	w.files.write(w.nsswitch, "hosts: dns\n")
	w.advance(DefaultInterval)
	require.Equal(t, []Module{{Name: "dns"}}, w.Current().Lookup)
	require.EqualValues(t, 3, w.Generation())
}

func TestWatcherReadsOnlyChangedFiles(t *testing.T) {
	w := watch(t, one)
	for range 10 {
		w.advance(DefaultInterval)
		w.Current()
	}
	require.Equal(t, 1, w.reads)
	// A touched file is read, but is no other configuration.
	w.set(one)
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
	require.Equal(t, 2, w.reads)
}

// Two changes at one file time, of the same size: only the text differs.
func TestWatcherReadsRecentFilesAgain(t *testing.T) {
	w := watch(t, one)
	at := w.now.Add(DefaultInterval)
	w.advance(DefaultInterval)
	w.set(two)
	w.has("192.0.2.2", 2)
	w.files.write(w.resolv, three)
	require.NoError(t, os.Chtimes(w.resolv, at, at))
	w.advance(DefaultInterval)
	w.has("192.0.2.3", 3)
	w.advance(freshFor)
	w.Current()
	reads := w.reads
	w.advance(DefaultInterval)
	w.Current()
	require.Equal(t, reads, w.reads)
}

func TestWatcherSeesRenames(t *testing.T) {
	w := watch(t, one)
	next := w.resolv + ".new"
	w.files.write(next, two)
	require.NoError(t, os.Chtimes(next, time.Unix(1e9, 0), time.Unix(1e9, 0))) // the time and size of the old file
	require.NoError(t, os.Rename(next, w.resolv))
	w.advance(DefaultInterval)
	w.has("192.0.2.2", 2)
}

func TestWatcherNeverUsesAnEmptyFile(t *testing.T) {
	w := watch(t, one)
	w.set("")
	for range 5 {
		w.advance(DefaultInterval)
		w.has("192.0.2.1", 1)
		require.ErrorContains(t, w.Err(), "is empty")
	}
	w.set(two)
	w.advance(DefaultInterval)
	w.has("192.0.2.2", 2)
	require.NoError(t, w.Err())
}

func TestWatcherWaitsForTheRest(t *testing.T) {
	for _, part := range []string{"# by a program\n", "search a.example\n", "nameserver 192.0.2.2\nnameserver 192.0.2.3"} {
		w := watch(t, one)
		w.set(part)
		w.advance(DefaultInterval)
		w.has("192.0.2.1", 1)
		require.Error(t, w.Err())
		// The rest arrives within the debounce, and does not have to wait for the interval.
		w.set(two)
		w.advance(DefaultDebounce)
		w.has("192.0.2.2", 2)
		require.NoError(t, w.Err())
	}
	// A file that stays as it is was meant.
	w := watch(t, one)
	w.set("nameserver 192.0.2.2")
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
	w.advance(DefaultDebounce - 1)
	w.has("192.0.2.1", 1)
	w.advance(1)
	w.has("192.0.2.2", 2)
	require.NoError(t, w.Err())
}

func TestWatcherDebouncesAMissingFile(t *testing.T) {
	w := watch(t, one)
	require.NoError(t, os.Remove(w.resolv))
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
	require.ErrorContains(t, w.Err(), "does not exist")
	w.advance(DefaultDebounce)
	require.Equal(t, servers("127.0.0.1", "::1"), w.Current().Servers)
	require.NoError(t, w.Err())
	w.set(two)
	w.advance(DefaultInterval)
	w.has("192.0.2.2", 3)
}

func TestWatcherKeepsTheLastGood(t *testing.T) {
	w := watch(t, one)
	w.set(two)
	w.fails = syscall.EMFILE
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
	require.ErrorIs(t, w.Err(), syscall.EMFILE)
	w.fails = nil
	w.advance(DefaultInterval)
	w.has("192.0.2.2", 2)
	require.NoError(t, w.Err())

	require.NoError(t, os.Remove(w.resolv))
	require.NoError(t, os.Mkdir(w.resolv, 0o700))
	w.advance(DefaultInterval)
	w.has("192.0.2.2", 2)
	require.ErrorContains(t, w.Err(), "not a regular file")
}

func TestNewWatcher(t *testing.T) {
	o := newFiles(t).options()
	w, err := NewWatcher(o)
	require.NoError(t, err)
	require.Equal(t, servers("127.0.0.1", "::1"), w.Current().Servers)

	o.open = func(string) (fs.File, error) { return nil, syscall.EACCES }
	require.NoError(t, os.WriteFile(o.ResolvConf, nil, 0o600))
	_, err = NewWatcher(o)
	require.ErrorIs(t, err, syscall.EACCES)
	o.open = nil
	w, err = NewWatcher(o)
	require.NoError(t, err)
	require.ErrorContains(t, w.Err(), "is empty")
	_, err = NewWatcher(Options{Debounce: -1})
	require.Error(t, err)
}

func TestWatcherNoReload(t *testing.T) {
	w := watch(t, one+"options no-reload\n")
	w.set(two)
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
}

// A file that is written during the read is read again.
func TestWatcherReadsMovingFilesAgain(t *testing.T) {
	w := watch(t, one)
	w.set(two)
	open := w.Watcher.options.open
	w.Watcher.options.open = func(path string) (fs.File, error) {
		f, err := open(path)
		if path == w.resolv && err == nil {
			f = movingFile{f, func() { w.files.write(w.resolv, two+"# more\n") }}
		}
		return f, err
	}
	w.advance(DefaultInterval)
	w.has("192.0.2.1", 1)
	require.ErrorContains(t, w.Err(), "changed during the read")
	w.Watcher.options.open = open
	w.advance(DefaultDebounce)
	w.has("192.0.2.2", 2)
	require.NoError(t, w.Err())
}

// movingFile is a file that changes at each read.
type movingFile struct {
	fs.File
	change func()
}

func (f movingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.change()
	return n, err
}

// No caller waits for the one that reads: it gets the previous configuration.
func TestWatcherDoesNotBlock(t *testing.T) {
	w := watch(t, one)
	w.set(two)
	w.advance(DefaultInterval)
	inside, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	open := w.Watcher.options.open
	w.Watcher.options.open = func(path string) (fs.File, error) {
		if path == w.resolv {
			once.Do(func() { close(inside) })
			<-leave
		}
		return open(path)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Current()
	}()
	<-inside
	w.advance(DefaultInterval) // the next check is due before this one has ended
	w.has("192.0.2.1", 1)
	require.NoError(t, w.Err())
	close(leave)
	<-done
	w.has("192.0.2.2", 2)
}

func TestCurrentDoesNotAllocate(t *testing.T) {
	w := watch(t, one)
	require.Zero(t, testing.AllocsPerRun(100, func() { w.Current() }))
}
