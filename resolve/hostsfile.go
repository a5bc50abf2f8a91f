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

// HostsOptions selects the file, and how often to check it.
type HostsOptions struct {
	Path     string        // usually [DefaultHostsPath]
	Interval time.Duration // between two checks of the file; [DefaultHostsInterval] if zero

	// MaxIndexBytes bounds the memory of the names that Try answers, as [HostsStats] counts it.
	// Zero means [DefaultHostsIndexBytes], which has room for about 80,000 names. A file with more
	// names takes another 1 MiB, whatever its size.
	MaxIndexBytes int64

	// Failed is called if a check of the file fails, and then not again until a check has
	// succeeded. The constructor and Start call it, on any thread. It may be nil; [HostsFile.Stats]
	// also returns the error.
	Failed func(error)

	Clock func() time.Time // time.Now if nil
}

// HostsStats holds the counters of a [HostsFile].
type HostsStats struct {
	Names      int    // in the current index
	IndexBytes int64  // memory of the index: an estimate, on the high side
	Outside    int    // pairs of a name and an address outside the index: Start finds them in the file
	Skipped    int    // malformed lines, and malformed names in a line
	Reloads    uint64 // times the file was read and put into use
	Scans      uint64 // times Start scanned the file for a name
	Err        error  // why the last check failed; nil if it succeeded
}

// HostsFile answers A and AAAA questions from a hosts file (hosts(5)) and passes on the rest. It
// owns the names in the file: a family that a name lacks is [ErrNoData], and is not passed on.
//
// A line is an address and one or more names, separated by blanks; '#' begins a comment. The
// addresses of several lines for one name add up, in order, to at most [MaxAnswerAddrs] per family.
// IPv6 zones are kept; IPv4-in-IPv6 addresses count as IPv4. Malformed lines and names are skipped.
//
// The file and its lines may have any size. Names go into an index in memory until it is full. A
// name may be in the file but not in the index. For such a name, Try returns [ErrWouldBlock], and
// Start reads the file from its beginning. If the read fails, the query completes with its error.
//
// The first Start after Interval has passed since the last check checks the file again (one stat).
// If the file's modification time, size or identity has changed, that Start rereads it. Start does
// this file I/O on the thread that calls it. Try does no I/O: if a check is due, it returns
// [ErrWouldBlock].
//
// A file that does not exist counts as empty. If the file cannot be read, the last index stays in
// use. Without a last index, the part that could be read is used.
type HostsFile struct {
	next    Strategy
	options HostsOptions

	index   atomic.Pointer[hostsIndex]
	scanned atomic.Pointer[hostsScan] // the last scan: A and AAAA of a name are usually asked together
	scans   atomic.Uint64
	due     atomic.Int64 // when the next check is due, in nanoseconds since epoch
	epoch   time.Time    // set once; its monotonic reading makes due independent of wall-clock changes

	mu    sync.Mutex  // held during a check
	last  os.FileInfo // guarded by mu; nil if there was no file, or it was not read to its end
	stats HostsStats  // guarded by mu
}

// hostsScan holds the file's entries for one name outside an index.
type hostsScan struct {
	of    *hostsIndex
	name  Name
	found table // the entry of this name, or empty
}

// NewHostsFile returns a HostsFile in front of next, and reads the file. A file that cannot be read
// is not an error, here or later: see [HostsOptions] and [HostsStats]. A negative interval or bound
// is an error.
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

// Try answers from the index, or calls Try of the next strategy.
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

// Start checks the file if a check is due. It completes the query from the index or the file, or
// starts it with the next strategy.
func (h *HostsFile) Start(q *Query) {
	// A caller that arrives during another's check uses the old index instead of waiting.
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

// Stats returns the counters.
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

// look must be called with mu held, or by the constructor. It returns its error only if the
// previous look succeeded.
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
	case !info.Mode().IsRegular(): // opening a named pipe would block
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
	// Take the identity from the open file: the path may name another file by now.
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

// use must be called with mu held, or by the constructor.
func (h *HostsFile) use(x *hostsIndex, info os.FileInfo) {
	h.index.Store(x)
	h.last = info
	h.stats.Names, h.stats.IndexBytes, h.stats.Outside, h.stats.Skipped = len(x.names), x.bytes, x.outside, x.skipped
}

// scan searches the file for a name outside x.
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
