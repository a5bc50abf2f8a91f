package sysconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// The defaults of [Options].
const (
	DefaultInterval = time.Second
	DefaultDebounce = 100 * time.Millisecond
)

// Options selects where the configuration is. The zero value is the system's.
type Options struct {
	// ResolvConf and NSSwitch are the paths of the files, with the system's as defaults. On Windows
	// there are no defaults, and without ResolvConf the network adapters are read.
	ResolvConf, NSSwitch string

	LookupEnv func(key string) (string, bool) // [os.LookupEnv] if nil; asked for LOCALDOMAIN and RES_OPTIONS
	Hostname  func() (string, error)          // [os.Hostname] if nil

	// Interval is the time between two checks of a [Watcher]; [DefaultInterval] if zero.
	Interval time.Duration
	// A [Watcher] uses a doubtful file after it has been unchanged for Debounce; [DefaultDebounce]
	// if zero.
	Debounce time.Duration
	Clock    func() time.Time // of a [Watcher]; time.Now if nil

	open func(path string) (fs.File, error) // replaced in tests
}

func (o Options) withDefaults() (Options, error) {
	if o.Interval < 0 || o.Debounce < 0 {
		return o, fmt.Errorf("sysconfig: interval %v, debounce %v: want 0 or more", o.Interval, o.Debounce)
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	if o.Debounce == 0 {
		o.Debounce = DefaultDebounce
	}
	if o.ResolvConf == "" {
		o.ResolvConf = defaultResolvConf
	}
	if o.NSSwitch == "" {
		o.NSSwitch = defaultNSSwitch
	}
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	if o.Hostname == nil {
		o.Hostname = os.Hostname
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.open == nil {
		o.open = func(path string) (fs.File, error) { return os.Open(path) }
	}
	return o, nil
}

// Read reads the configuration of this machine. A file that does not exist has its defaults: the
// servers 127.0.0.1 and ::1, the domain of the host name as the search list, and the sources files
// and dns. A file that exists and cannot be read is an error: with the defaults instead, names
// would be looked up in the wrong place.
func Read(options Options) (*Settings, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := o.read()
	if err != nil {
		return nil, err
	}
	return s.config, nil
}

// snapshot is a configuration, and the state of the files that it was read from.
type snapshot struct {
	config *Settings
	files  []fileState // none if the configuration is not in files
	doubt  doubt       // about the file with the servers
}

// doubt is a reason to suspect that a file is incomplete. A program that rewrites a file in place
// first truncates it.
type doubt string

const (
	doubtNone    doubt = ""
	doubtEmpty   doubt = "is empty"
	doubtMissing doubt = "does not exist"
	doubtServers doubt = "has no name server"
	doubtEnd     doubt = "does not end with a line end"
	doubtMoved   doubt = "changed during the read"
)

// fileState identifies a version of a file. Info is nil if it did not exist.
type fileState struct {
	path string
	info fs.FileInfo
}

func (s fileState) is(info fs.FileInfo) bool {
	if s.info == nil || info == nil {
		return s.info == nil && info == nil
	}
	return os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime())
}

// stat follows symbolic links, so that a change of their target counts. It returns nil for a file
// that does not exist.
func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sysconfig: %w", err)
	}
	return info, nil
}

// readFiles reads the configuration from the files of o.
func (o Options) readFiles() (snapshot, error) {
	var s snapshot
	hostname, err := o.Hostname()
	if err != nil {
		hostname = "" // only the default of the search list depends on it
	}
	env := Environment{Hostname: hostname}
	if v, ok := o.LookupEnv("LOCALDOMAIN"); ok {
		env.LocalDomain = &v
	}
	env.ResOptions, _ = o.LookupEnv("RES_OPTIONS")

	whole := true
	state, moved, err := o.readFile(o.ResolvConf, func(r io.Reader) (err error) {
		s.config, whole, err = parseResolvConf(r, env)
		return err
	})
	if err != nil {
		return snapshot{}, err
	}
	s.files = append(s.files, state)
	s.doubt = doubtOf(s.config, state, whole, moved)

	var hosts []Module
	var skipped []string
	state, _, err = o.readFile(o.NSSwitch, func(r io.Reader) (err error) {
		hosts, skipped, err = ParseNSSwitch(r)
		return err
	})
	if err != nil {
		return snapshot{}, err
	}
	s.files = append(s.files, state)
	for _, text := range skipped {
		if len(s.config.Warnings) < MaxWarnings {
			s.config.Warnings = append(s.config.Warnings, text)
		}
	}
	switch {
	case hosts != nil:
		s.config.Lookup = hosts
	case s.config.Lookup == nil:
		s.config.Lookup = defaultLookup(s.files[0].info != nil)
	}
	return s, nil
}

func doubtOf(c *Settings, state fileState, whole, moved bool) doubt {
	switch {
	case state.info == nil:
		return doubtMissing
	case moved:
		return doubtMoved
	case state.info.Size() == 0:
		return doubtEmpty
	case !c.fromServers:
		return doubtServers
	case !whole:
		return doubtEnd
	}
	return doubtNone
}

// readFile parses the file at path; a path of "" is a file that does not exist. A file that does
// not exist is parsed as an empty one. moved reports a change during the read.
func (o Options) readFile(path string, parse func(io.Reader) error) (state fileState, moved bool, err error) {
	state.path = path
	var info fs.FileInfo
	if path != "" {
		if info, err = stat(path); err != nil {
			return state, false, err
		}
	}
	if info == nil {
		return state, false, parse(eof{})
	}
	if !info.Mode().IsRegular() { // opening a named pipe would block
		return state, false, fmt.Errorf("sysconfig: %s is not a regular file", path)
	}
	f, err := o.open(path)
	if errors.Is(err, fs.ErrNotExist) { // it was removed after the stat
		return state, true, parse(eof{})
	}
	if err != nil {
		return state, false, fmt.Errorf("sysconfig: %w", err)
	}
	defer f.Close()
	// Take the identity from the open file: the path may name another file by now.
	if state.info, err = f.Stat(); err == nil {
		err = parse(f)
	}
	if err == nil {
		info, err = f.Stat()
	}
	if err != nil {
		return state, false, fmt.Errorf("sysconfig: %w", err)
	}
	return state, !state.is(info), nil
}

// eof is an empty file.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

func filesThenDNS() []Module { return []Module{{Name: "files"}, {Name: "dns"}} }
