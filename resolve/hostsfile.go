package resolve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of [HostsConfig].
const (
	HostsIntervalDefault = 5 * time.Second
	HostsBytesDefault    = 1 << 20
	HostsNamesDefault    = 65536
)

// HostsConfig says which file to read and how often to look at it.
type HostsConfig struct {
	Path     string           // see [DefaultHostsPath]
	Interval time.Duration    // between two looks; [HostsIntervalDefault] when zero
	BytesMax int64            // a larger file is not read; [HostsBytesDefault] when zero
	NamesMax int              // names beyond it are skipped; [HostsNamesDefault] when zero
	Clock    func() time.Time // time.Now when nil
}

// HostsStats counts what was seen.
type HostsStats struct {
	Names   int    // in the table in use
	Skipped int    // lines, or names in a line, of the table in use that were malformed or beyond NamesMax
	Reloads uint64 // times the file was read and taken
	Err     error  // why the last look did not succeed; nil if it did
}

// HostsFile answers A and AAAA questions from a hosts file (hosts(5)) and passes on the rest. A name in the file is the
// file's alone: the family that it lacks is [ErrNoData], and is not asked for elsewhere.
//
// A line is an address and one or more names, separated by blanks; '#' begins a comment. Several lines of one name
// add up, in order. IPv6 zones are kept; IPv4-in-IPv6 addresses count as IPv4. Malformed lines and names are skipped.
//
// The file is looked at (one stat) by the first Start after Interval has passed since the last look, and read again
// when its time, its size or the file itself is another; that Start does file I/O on its thread. Try does none: when a look is
// due it says [ErrWouldBlock]. A file that does not exist is empty. One that cannot be read, or is too large, leaves the last
// table in use.
type HostsFile struct {
	next   Strategy
	config HostsConfig

	table atomic.Pointer[table]
	due   atomic.Int64 // when the next look is due, in nanoseconds since epoch
	epoch time.Time    // set once; its monotonic reading makes due immune to changes of the wall clock

	mu    sync.Mutex  // held by the one that looks
	last  os.FileInfo // guarded by mu; nil when there was no file
	stats HostsStats  // guarded by mu
}

// NewHostsFile reads the file. Unlike later, a file that exists and cannot be read is an error.
func NewHostsFile(config HostsConfig, next Strategy) (*HostsFile, error) {
	if config.Interval == 0 {
		config.Interval = HostsIntervalDefault
	}
	if config.BytesMax == 0 {
		config.BytesMax = HostsBytesDefault
	}
	if config.NamesMax == 0 {
		config.NamesMax = HostsNamesDefault
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	h := &HostsFile{next: next, config: config, epoch: config.Clock()}
	h.table.Store(&table{source: SourceHosts})
	h.look()
	if h.stats.Err != nil {
		return nil, h.stats.Err
	}
	return h, nil
}

// Try answers from the table, or asks the next strategy to try.
func (h *HostsFile) Try(q Question) (Answer, error) {
	if h.lookDue() {
		return Answer{}, ErrWouldBlock
	}
	if a, err := h.table.Load().answer(q); !errors.Is(err, ErrWouldBlock) {
		return a, err
	}
	return h.next.Try(q)
}

// Start looks at the file if that is due, and completes from the table or starts the query with the next strategy.
func (h *HostsFile) Start(q *Query) {
	// Whoever comes while another one looks uses the old table rather than wait.
	if h.lookDue() && h.mu.TryLock() {
		if h.lookDue() {
			h.look()
		}
		h.mu.Unlock()
	}
	startOr(q, h.next, h.table.Load().answer)
}

// Close closes the next strategy. The last table still answers.
func (h *HostsFile) Close() error { return h.next.Close() }

// Stats returns the counts.
func (h *HostsFile) Stats() HostsStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stats
}

func (h *HostsFile) lookDue() bool {
	return h.config.Clock().Sub(h.epoch) >= time.Duration(h.due.Load())
}

// look is called with mu held, or by the constructor.
func (h *HostsFile) look() {
	h.due.Store(int64(h.config.Clock().Sub(h.epoch) + h.config.Interval))
	info, err := os.Stat(h.config.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if h.last != nil {
			h.table.Store(&table{source: SourceHosts})
		}
		h.last, h.stats.Names, h.stats.Skipped, h.stats.Err = nil, 0, 0, nil
	case err != nil:
		h.stats.Err = err
	case h.last != nil && os.SameFile(info, h.last) && info.Size() == h.last.Size() && info.ModTime().Equal(h.last.ModTime()):
		h.stats.Err = nil
	case !info.Mode().IsRegular(): // opening a pipe would block
		h.stats.Err = fmt.Errorf("resolve: hosts: %s is not a regular file", h.config.Path)
	case info.Size() > h.config.BytesMax:
		h.stats.Err = h.tooLarge()
	default:
		h.stats.Err = h.load()
	}
}

func (h *HostsFile) load() error {
	f, err := os.Open(h.config.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	// The identity is taken from the open file: the path may name another one by now.
	info, err := f.Stat()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(f, h.config.BytesMax+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > h.config.BytesMax {
		return h.tooLarge()
	}
	t, skipped := parseHosts(data, h.config.NamesMax)
	h.table.Store(t)
	h.last = info
	h.stats.Names, h.stats.Skipped = len(t.names), skipped
	h.stats.Reloads++
	return nil
}

func (h *HostsFile) tooLarge() error {
	return fmt.Errorf("resolve: hosts: %s is larger than %d bytes", h.config.Path, h.config.BytesMax)
}
