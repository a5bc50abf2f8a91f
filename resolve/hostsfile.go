package resolve

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of [HostsOptions].
const (
	DefaultHostsInterval   = 5 * time.Second
	DefaultHostsIndexBytes = 32 << 20
)

// HostsOptions says which file to read and how often to look at it.
type HostsOptions struct {
	Path     string        // see [DefaultHostsPath]
	Interval time.Duration // between two looks; [DefaultHostsInterval] when zero

	// MaxIndexBytes bounds the memory of the names that Try answers, as [HostsStats] counts it;
	// [DefaultHostsIndexBytes] when zero, which is room for about 80,000 names. A file with more
	// takes 1 MiB besides, of whatever size it is.
	MaxIndexBytes int64

	// Failed is called when a look does not succeed, and then not again before one has. It is
	// called by the constructor, and by Start, on any thread. It may be nil; [HostsFile.Stats] has
	// the error as well.
	Failed func(error)

	Clock func() time.Time // time.Now when nil
}

// HostsStats counts what was seen.
type HostsStats struct {
	Names      int    // in the index in use
	IndexBytes int64  // that they take, by an estimate that is rather too high
	Outside    int    // lines, a name and an address each, that are not in the index: Start finds them in the file
	Skipped    int    // lines, or names in a line, that were malformed
	Reloads    uint64 // times the file was read and taken
	Scans      uint64 // times Start searched the file for a name
	Err        error  // why the last look did not succeed; nil if it did
}

// HostsFile answers A and AAAA questions from a hosts file (hosts(5)) and passes on the rest. A
// name in the file is the file's alone: the family that it lacks is [ErrNoData], and is not asked
// for elsewhere.
//
// A line is an address and one or more names, separated by blanks; '#' begins a comment. Several
// lines of one name add up, in order, to [MaxAnswerAddrs] addresses of a family. IPv6 zones are
// kept; IPv4-in-IPv6 addresses count as IPv4. Malformed lines and names are skipped.
//
// The file and its lines may have any size. Names are taken into an index in memory until that is
// full. For a name that may be in the file and is not in the index, Try returns [ErrWouldBlock],
// and Start reads the file from its beginning. A query that cannot do so completes with the reason.
//
// The file is looked at (one stat) by the first Start after Interval has passed since the last
// look, and read again when its time, its size or the file itself is another; that Start does file
// I/O on its thread. Try does none: when a look is due it says [ErrWouldBlock]. A file that does
// not exist is empty. One that cannot be read leaves the last index in use; where there is none,
// the part that could be read is used.
type HostsFile struct {
	next    Strategy
	options HostsOptions

	index   atomic.Pointer[hostsIndex]
	scanned atomic.Pointer[hostsScan] // the last one: A and AAAA of a name are mostly asked together
	scans   atomic.Uint64
	due     atomic.Int64 // when the next look is due, in nanoseconds since epoch
	epoch   time.Time    // set once; its monotonic reading makes due immune to changes of the wall clock

	mu    sync.Mutex  // held by the one that looks
	last  os.FileInfo // guarded by mu; nil when there was no file, or it was not read to its end
	stats HostsStats  // guarded by mu
}

// hostsScan is what the file said of one name that is not in an index.
type hostsScan struct {
	of    *hostsIndex
	name  Name
	found table // of this name, or empty
}

// NewHostsFile reads the file. A file that cannot be read is no error, here as later: see
// [HostsOptions] and [HostsStats]. A negative interval or bound is one.
func NewHostsFile(options HostsOptions, next Strategy) (*HostsFile, error) {
	if options.Interval < 0 || options.MaxIndexBytes < 0 {
		return nil, fmt.Errorf("resolve: hosts: interval %v, index of %d bytes: want 0 or more", options.Interval, options.MaxIndexBytes)
	}
	if options.Interval == 0 {
		options.Interval = DefaultHostsInterval
	}
	if options.MaxIndexBytes == 0 {
		options.MaxIndexBytes = DefaultHostsIndexBytes
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	h := &HostsFile{next: next, options: options, epoch: options.Clock()}
	h.index.Store(newHostsIndex(options.MaxIndexBytes))
	h.report(h.look())
	return h, nil
}

// Try answers from the index, or asks the next strategy to try.
func (h *HostsFile) Try(q Question) (Answer, error) {
	if h.lookDue() {
		return Answer{}, ErrWouldBlock
	}
	x := h.index.Load()
	known := &x.table
	if x.isBeyond(q) {
		s := h.scanned.Load()
		if s == nil || s.of != x || s.name != q.Name {
			return Answer{}, ErrWouldBlock
		}
		known = &s.found
	}
	if a, err := known.answer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return h.next.Try(q)
}

// Start looks at the file if that is due, and completes from the index or the file, or starts the
// query with the next strategy.
func (h *HostsFile) Start(q *Query) {
	// Whoever comes while another one looks uses the old index rather than wait.
	if h.lookDue() && h.mu.TryLock() {
		var failed error
		if h.lookDue() {
			failed = h.look()
		}
		h.mu.Unlock()
		h.report(failed)
	}
	x := h.index.Load()
	if !x.isBeyond(q.Question) {
		startOr(q, h.next, x.table.answer)
		return
	}
	s, err := h.scan(x, q.Question.Name)
	if err == nil {
		startOr(q, h.next, s.found.answer)
	} else if q.Accept(nil) {
		q.Finish(Answer{}, &Error{Op: string(OriginHosts), Question: q.Question, Err: err})
	}
}

// Close closes the next strategy. The last index still answers.
func (h *HostsFile) Close() error { return h.next.Close() }

// Stats returns the counts.
func (h *HostsFile) Stats() HostsStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Scans = h.scans.Load()
	return s
}

func (h *HostsFile) lookDue() bool {
	return h.options.Clock().Sub(h.epoch) >= time.Duration(h.due.Load())
}

func (h *HostsFile) report(failed error) {
	if failed != nil && h.options.Failed != nil {
		h.options.Failed(failed)
	}
}

// look is called with mu held, or by the constructor. It returns its error if the look before
// succeeded.
func (h *HostsFile) look() error {
	h.due.Store(int64(h.options.Clock().Sub(h.epoch) + h.options.Interval))
	before := h.stats.Err
	info, err := os.Stat(h.options.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.use(newHostsIndex(h.options.MaxIndexBytes), nil)
		h.stats.Err = nil
	case err != nil:
		h.stats.Err = fmt.Errorf("resolve: hosts: %w", err)
	case h.last != nil && os.SameFile(info, h.last) && info.Size() == h.last.Size() && info.ModTime().Equal(h.last.ModTime()):
		h.stats.Err = nil
	case !info.Mode().IsRegular(): // opening a pipe would block
		h.stats.Err = fmt.Errorf("resolve: hosts: %s is not a regular file", h.options.Path)
	default:
		h.stats.Err = h.load()
	}
	if before != nil {
		return nil
	}
	return h.stats.Err
}

func (h *HostsFile) load() error {
	f, err := os.Open(h.options.Path)
	if err != nil {
		return fmt.Errorf("resolve: hosts: %w", err)
	}
	defer f.Close()
	// The identity is taken from the open file: the path may name another one by now.
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("resolve: hosts: %w", err)
	}
	x := newHostsIndex(h.options.MaxIndexBytes)
	err = readHosts(f, x)
	if err == nil {
		h.use(x, info)
		h.stats.Reloads++
		return nil
	}
	if h.last == nil {
		h.use(x, nil)
	}
	return fmt.Errorf("resolve: hosts: %w", err)
}

// use is called with mu held, or by the constructor.
func (h *HostsFile) use(x *hostsIndex, info os.FileInfo) {
	h.index.Store(x)
	h.last = info
	h.stats.Names, h.stats.IndexBytes, h.stats.Outside, h.stats.Skipped = len(x.names), x.bytes, x.outside, x.skipped
}

// scan searches the file for a name that is not in x.
func (h *HostsFile) scan(x *hostsIndex, name Name) (*hostsScan, error) {
	if s := h.scanned.Load(); s != nil && s.of == x && s.name == name {
		return s, nil
	}
	h.scans.Add(1)
	s := &hostsScan{of: x, name: name, found: table{origin: OriginHosts, names: map[Name]*tableEntry{}}}
	f, err := os.Open(h.options.Path)
	switch {
	case err == nil:
		defer f.Close()
		if err := findHosts(f, name, &s.found); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	h.scanned.Store(s)
	return s, nil
}
