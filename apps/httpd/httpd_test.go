//go:build unix

package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

// patience bounds each single operation on a test's own connections.
const patience = time.Minute

var program apptest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestHelp(t *testing.T) {
	t.Parallel()
	program.CheckHelp(t, "-h")
}

func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cert := apptest.NewCertificate(t)
	taken := program.Serve(t, nil, "-addr", "127.0.0.1:0", "-root", s.root)
	program.CheckMisuse(t, []apptest.Misuse{
		{Args: []string{"-x"}, Code: 2, Says: "-x"},
		{Args: []string{"extra"}, Code: 2, Says: `"extra"`},
		{Args: []string{"-mode", "x"}, Code: 2, Says: "edge|level|oneshot"},
		{Args: []string{"-queue", "x"}, Code: 2, Says: "-queue x"},
		{Args: []string{"-queue", "iocp"}, Code: 2, Says: "-queue iocp"},
		{Args: []string{"-buffer", "ring"}, Code: 2, Says: "-buffer"},
		{Args: []string{"-sched", "x"}, Code: 2, Says: "-sched x: unknown"},
		{Args: []string{"-sched", "single", "-loops", "2"}, Code: 2, Says: "-sched sharded"},
		{Args: []string{"-grace", "-1s"}, Code: 2, Says: "-grace"},
		{Args: []string{"-idle-timeout", "0s"}, Code: 2, Says: "-idle-timeout"},
		{Args: []string{"-file-cache", "-1"}, Code: 2, Says: "-file-cache -1"},
		{Args: []string{"-file-cache-valid", "0s"}, Code: 2, Says: "-file-cache-valid"},
		{Args: []string{"-addr", "8080"}, Code: 2, Says: "want host:port"},
		{Args: []string{"-addr", ""}, Code: 2, Says: "want host:port"},
		{Args: []string{"-addr", "not..a.name:8080"}, Code: 2, Says: "not..a.name"},
		{Args: []string{"-addr", taken.Addr}, Code: 1, Says: "address already in use"},
		{Args: []string{"-root", filepath.Join(s.root, "missing")}, Code: 2, Says: "no such file"},
		{Args: []string{"-root", filepath.Join(s.root, "hello.txt")}, Code: 2, Says: "not a directory"},
		{Args: []string{"-tls-cert", cert.CertFile}, Code: 2, Says: "go together"},
		{Args: []string{"-tls-key", cert.KeyFile}, Code: 2, Says: "go together"},
		{Args: []string{"-tls-cert", cert.KeyFile, "-tls-key", cert.CertFile}, Code: 2, Says: "-tls-cert, -tls-key"},
		{Args: []string{"-tls-cert", filepath.Join(s.root, "missing"), "-tls-key", cert.KeyFile}, Code: 2, Says: "no such file"},
		{Args: []string{"-access-log", s.root}, Code: 2, Says: "is a directory"},
	})
}

// site is a directory to serve, next to one that must not be served.
type site struct {
	root string
	big  []byte // contents of big.bin
}

// bigBytes returns the contents of big.bin, which no test changes.
var bigBytes = sync.OnceValue(func() []byte {
	b := make([]byte, 8<<20)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
})

// middleBytes is the size of middle.bin, which is the beginning of big.bin.
const middleBytes = 1 << 20

const secret = "not for everybody"

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{root: filepath.Join(dir, "root"), big: bigBytes()}
	for name, content := range map[string][]byte{"root/big.bin": s.big, "root/middle.bin": s.big[:middleBytes]} {
		require.NoError(t, os.MkdirAll(s.root, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	for name, content := range map[string]string{
		"root/hello.txt":          "hello, world\n",
		"root/empty":              "",
		"root/a b/ü.txt":          "names",
		"root/list/one":           "1",
		"root/list/two":           "2",
		"root/odd/\xff.txt":       "odd",
		"root/q? 100%/x":          "x",
		"root/a:b/\xff/x":         "x",
		"root/indexed/index.html": "<p>index</p>",
		"secret/file":             secret,
		"secret.txt":              secret,
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o666))
	}
	for link, to := range map[string]string{
		"out": "../secret.txt", "outdir": "../secret", "in": "hello.txt", "loop": "loop", "dangling": "x", "../link": "root",
		"absolute":         filepath.Join(dir, "secret.txt"),
		"absolute-outdir":  filepath.Join(dir, "secret"),
		"absolute-in":      filepath.Join(s.root, "hello.txt"),
		"absolute-list":    filepath.Join(s.root, "list"),
		"absolute-root":    s.root,
		"absolute-by-link": filepath.Join(dir, "link", "hello.txt"),
		"absolute-chain":   filepath.Join(s.root, "list", "chain"),
		"list/chain":       filepath.Join(s.root, "absolute-in"),
		"absolute-back":    s.root + "/../root/hello.txt",
		"absolute-in-out":  filepath.Join(s.root, "out"),
		"absolute-through": s.root + "/../secret.txt",
		"absolute-loop":    filepath.Join(s.root, "absolute-loop"),
		"absolute-missing": filepath.Join(s.root, "missing"),
	} {
		require.NoError(t, os.Symlink(to, filepath.Join(s.root, link)))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(s.root, "pipe"), 0o666))
	return s
}

func (s *site) isBig(got []byte) bool { return bytes.Equal(got, s.big) }

// onBoth runs a test in parallel over plain connections, for which cert is nil, and over TLS.
func onBoth(t *testing.T, test func(t *testing.T, cert *apptest.Certificate)) {
	t.Helper()
	for name, cert := range map[string]*apptest.Certificate{"http": nil, "https": apptest.NewCertificate(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, cert)
		})
	}
}

// serve starts the program for s, with TLS if cert is not nil.
func (s *site) serve(t *testing.T, cert *apptest.Certificate, args ...string) *apptest.Process {
	t.Helper()
	args = append([]string{"-addr", "127.0.0.1:0", "-root", s.root}, args...)
	if cert != nil {
		args = append(args, "-tls-cert", cert.CertFile, "-tls-key", cert.KeyFile)
	}
	return program.Serve(t, nil, args...)
}
