package sysconfig

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// files is a directory with both files, for one test.
type files struct {
	t                *testing.T
	resolv, nsswitch string
}

func newFiles(t *testing.T) *files {
	dir := t.TempDir()
	return &files{t: t, resolv: filepath.Join(dir, "resolv.conf"), nsswitch: filepath.Join(dir, "nsswitch.conf")}
}

func (f *files) write(path, text string) {
	f.t.Helper()
	require.NoError(f.t, os.WriteFile(path, []byte(text), 0o600))
}

func (f *files) options() Options {
	return Options{
		ResolvConf: f.resolv, NSSwitch: f.nsswitch,
		LookupEnv: func(string) (string, bool) { return "", false },
		Hostname:  func() (string, error) { return "host.home.example", nil },
	}
}

func TestRead(t *testing.T) {
	f := newFiles(t)
	f.write(f.resolv, "nameserver 192.0.2.1\nsearch a.example\n")
	f.write(f.nsswitch, "hosts: dns files\n")
	c, err := Read(f.options())
	require.NoError(t, err)
	require.Equal(t, servers("192.0.2.1"), c.Servers)
	require.Equal(t, []Module{{Name: "dns"}, {Name: "files"}}, c.Lookup)
	require.Equal(t, c.Search, c.HostSearch().Suffixes)

	o := f.options()
	o.LookupEnv = func(key string) (string, bool) {
		return map[string]string{"LOCALDOMAIN": "b.example", "RES_OPTIONS": "ndots:4"}[key], true
	}
	c, err = Read(o)
	require.NoError(t, err)
	require.Equal(t, []string{"b.example"}, texts(c.Search))
	require.Equal(t, 4, c.HostSearch().Ndots)
}

func TestReadMissing(t *testing.T) {
	o := newFiles(t).options()
	c, err := Read(o)
	require.NoError(t, err)
	require.Equal(t, servers("127.0.0.1", "::1"), c.Servers)
	require.Equal(t, []string{"home.example"}, texts(c.Search))
	require.Equal(t, defaultLookup(false), c.Lookup)
	o.Hostname = func() (string, error) { return "", syscall.EPERM }
	c, err = Read(o)
	require.NoError(t, err)
	require.Empty(t, c.Search)
}

// failing is a file whose reads fail.
type failing struct {
	fs.File
	err error
}

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReadUnreadable(t *testing.T) {
	for _, cause := range []error{syscall.EACCES, syscall.EMFILE, syscall.EIO} {
		for _, name := range []string{"resolv.conf", "nsswitch.conf"} {
			f := newFiles(t)
			f.write(f.resolv, "nameserver 192.0.2.1\n")
			f.write(f.nsswitch, "hosts: dns\n")
			for _, open := range []func(string) (fs.File, error){
				func(path string) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: path, Err: cause} },
				func(path string) (fs.File, error) {
					file, err := os.Open(path)
					return failing{file, &fs.PathError{Op: "read", Path: path, Err: cause}}, err
				},
			} {
				o := f.options()
				o.open = func(path string) (fs.File, error) {
					if filepath.Base(path) == name {
						return open(path)
					}
					return os.Open(path)
				}
				_, err := Read(o)
				require.True(t, errors.Is(err, cause), "%v", err)
				require.Contains(t, err.Error(), name)
				require.NotContains(t, err.Error(), "\n")
			}
		}
	}
	f := newFiles(t)
	require.NoError(t, os.Mkdir(f.resolv, 0o700))
	_, err := Read(f.options())
	require.ErrorContains(t, err, "not a regular file")
	_, err = Read(Options{Interval: -1})
	require.Error(t, err)
}

func TestReadSystem(t *testing.T) {
	c, err := Read(Options{})
	require.NoError(t, err)
	within(t, c)
	require.NotEmpty(t, c.Lookup)
}

func TestAdapters(t *testing.T) {
	addr := netip.MustParseAddr
	adapters := func() []adapter {
		return []adapter{
			{metric: 50, servers: []netip.Addr{addr("192.0.2.2"), addr("fec0:0:0:ffff::1")}, suffixes: []string{"slow.example", ""}},
			{metric: 10, servers: []netip.Addr{addr("192.0.2.1"), addr("fe80::1%eth0"), addr("2001:db8::1%eth0")}, suffixes: []string{"fast.example"}},
			{metric: 60, servers: []netip.Addr{addr("192.0.2.1"), {}}},
		}
	}
	c := newAdapterSettings(adapters(), windowsSearch{}, "host")
	require.Equal(t, servers("192.0.2.1", "fe80::1%eth0", "2001:db8::1", "192.0.2.2"), c.Servers)
	require.Equal(t, []string{"fast.example", "slow.example"}, texts(c.Search))
	within(t, c)
	c = newAdapterSettings(adapters(), windowsSearch{domain: "Corp.example"}, "host")
	require.Equal(t, []string{"corp.example", "fast.example", "slow.example"}, texts(c.Search))
	c = newAdapterSettings(adapters(), windowsSearch{list: "a.example,b.example", domain: "corp.example"}, "host")
	require.Equal(t, []string{"a.example", "b.example"}, texts(c.Search))
	c = newAdapterSettings(nil, windowsSearch{list: strings.Repeat("x,", 3)}, "host")
	require.Equal(t, servers("127.0.0.1", "::1"), c.Servers)
	require.Equal(t, []string{"x"}, texts(c.Search))
}
