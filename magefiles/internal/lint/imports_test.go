package lint

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
	"github.com/stretchr/testify/require"
)

const (
	root   = "github.com/edgewise-go/edgewise"
	prefix = root + "/"
)

// fixture writes one file into an otherwise empty workspace with the directories of the real one.
func fixture(t *testing.T, name, text string) *workspace.Workspace {
	t.Helper()
	w := &workspace.Workspace{Root: t.TempDir(), Prefix: root}
	for _, dir := range []string{".", "sys", "queue", "stream", "bufstrategy", "resolve", "sched", "conformance", "apps", "bench", "magefiles", "interop"} {
		w.Modules = append(w.Modules, workspace.Module{Dir: dir, Path: path.Join(prefix, dir)})
		write(t, w.Root, dir+"/go.mod", "module "+path.Join(prefix, dir)+"\n")
	}
	write(t, w.Root, name, text)
	return w
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		file, imports string
		allowed       bool
	}{
		{"sys/a.go", "net/http", true},
		{"sys/a.go", "golang.org/x/sys/unix", true},
		{"sys/a_windows.go", "golang.org/x/system", false},
		{"sys/a.go", prefix + "queue", false},
		{"queue/epoll/a.go", prefix + "sys", true},
		{"queue/epoll/a.go", prefix + "queue/internal/wake", true},
		{"queue/a.go", "golang.org/x/sys/unix", false},
		{"queue/a.go", prefix + "magefiles/internal/command", false},
		{"stream/a.go", prefix + "queue", false},
		{"stream/park/a_linux.go", prefix + "sched", false},
		{"bufstrategy/a.go", prefix + "sys", false},
		{"bufstrategy/a_plan9.go", "example.com/x", false},
		{"resolve/a.go", "golang.org/x/net/dns/dnsmessage", true},
		{"resolve/a.go", "golang.org/x/net/nettest", false},
		{"resolve/a_test.go", "golang.org/x/net/nettest", true},
		{"resolve/a.go", prefix + "stream", false},
		{"sched/a.go", prefix + "queue/auto", true},
		{"sched/a.go", prefix + "stream", false},
		{"sched/a.go", prefix + "conformance/schedtest", false},
		{"sched/a_test.go", prefix + "conformance/schedtest", true},
		{"sched/a_test.go", prefix + "apps/x", false},
		{"sched/a.go", "github.com/stretchr/testify/require", false},
		{"sched/a_test.go", "github.com/stretchr/testify/require", true},
		{"conformance/queuetest/a.go", prefix + "queue", true},
		{"conformance/queuetest/a.go", "golang.org/x/sync/errgroup", false},
		{"conformance/queuetest/a.go", "github.com/stretchr/testify/assert", false},
		{"conformance/queuetest/a_test.go", "github.com/stretchr/testify/assert", true},
		{"conformance/queuetest/a.go", prefix + "apps", false},
		{"apps/fetch/a.go", "github.com/any/thing", true},
		{"apps/fetch/a.go", prefix + "conformance/queuetest", true},
		{"apps/fetch/a.go", "github.com/stretchr/testify/assert", false},
		{"apps/fetch/a.go", prefix + "bench/internal/stats", false},
		{"bench/echo/a.go", prefix + "stream", true},
		{"bench/echo/a.go", prefix + "apps/echo", false},
		{"bench/echo/a.go", "gonum.org/v1/gonum/stat", true},
		{"bench/echo/a.go", "github.com/panjf2000/gnet/v2", false},
		{"bench/peer/gnet/a.go", "github.com/panjf2000/gnet/v2", true},
		{"bench/peer/gnet/a.go", prefix + "stream", false},
		{"magefiles/internal/x/a.go", prefix + "magefiles/internal/command", true},
		{"magefiles/internal/x/a.go", prefix + "sys", false},
		{"magefiles/magefile.go", "github.com/magefile/mage/mg", true},
		{"magefiles/internal/x/a.go", "golang.org/x/mod/zip", false},
		{"apps/a.go", prefix + "magefiles/internal/command", false},
		{"sys/a.go", "github.com/magefile/mage/mg", false},
		{"a.go", prefix + "stream/park", true},
		{"a.go", prefix + "internal/x", true},
		{"a.go", prefix + "conformance/suite", false},
		{"a.go", prefix + "apps", false},
		{"a.go", "golang.org/x/sys/unix", false},
		{"a_test.go", prefix + "conformance/suite", true},
		{"a_test.go", "github.com/stretchr/testify/require", true},
		{"internal/x/a.go", prefix + "sched", true},
		{"sched/a.go", root, false},
		{"sched/a_test.go", root, false},
		{"conformance/queuetest/a.go", root, false},
		{"magefiles/internal/x/a.go", root, false},
		{"bench/peer/gnet/a.go", root, false},
		{"apps/echo/a.go", root, true},
		{"bench/echo/a.go", root, true},
		{"interop/a.go", root, true},
		{"interop/a.go", prefix + "stream", true},
		{"interop/a.go", prefix + "apps", false},
		{"interop/a_test.go", "google.golang.org/grpc", true},
		{"interop/a_test.go", prefix + "stream", true},
		{"interop/a_test.go", prefix + "apps/echo", false},
		{"interop/a_test.go", "github.com/panjf2000/gnet/v2", false},
		{"docs/x/a.go", "os", false},
	} {
		w := fixture(t, c.file, "package p\n\nimport _ \""+c.imports+"\"\n")
		got, err := Imports(w, Architecture())
		require.NoError(t, err)
		if (len(got) == 0) != c.allowed {
			t.Errorf("%s imports %s: want allowed %v, got findings %q", c.file, c.imports, c.allowed, got)
		}
		for _, text := range got {
			if !strings.HasPrefix(text, c.file+":") {
				t.Errorf("finding %q does not begin with the file", text)
			}
		}
	}
}

func TestBlockingNetworkCallsAreFoundOutsideTests(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             int
	}{
		{"Dial", "apps/a.go", "package p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 1},
		{"in a test", "apps/a_test.go", "package p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 0},
		{"of a peer", "conformance/a/a.go", "package p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 0},
		{"of bench", "bench/a.go", "package p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 0},
		{"of no peer", "apps/bench/a.go", "package p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 1},
		{"with a build tag", "stream/a.go", "//go:build plan9\n\npackage p\nimport \"net\"\nfunc f() { net.Dial(\"tcp\", \"\") }\n", 1},
		{"renamed", "apps/a.go", "package p\nimport n \"net\"\nvar l = n.ListenUDP\n", 1},
		{"Dialer", "apps/a.go", "package p\nimport \"net\"\nvar d net.Dialer\n", 1},
		{"with a dot", "apps/a.go", "package p\nimport . \"net\"\n", 1},
		{"types", "stream/a.go", "package p\nimport \"net\"\nvar c net.Conn; var _ = net.ParseIP; var l net.Listener\n", 0},
		{"of ours", "apps/a.go", "package p\nimport (\"net\"; \"" + prefix + "stream\")\nvar d = stream.Dial; var a net.Addr\n", 0},
		{"http.Get", "apps/a.go", "package p\nimport \"net/http\"\nfunc f() { http.Get(\"\") }\n", 1},
		{"Server.ListenAndServe", "apps/a.go", "package p\nimport \"net/http\"\nfunc f(s *http.Server) { s.ListenAndServe() }\n", 1},
		{"Server.Serve", "apps/a.go", "package p\nimport \"net/http\"\nfunc f(s *http.Server) { s.Serve(nil); _ = http.MethodGet }\n", 0},
		{"tls.Dial", "apps/a.go", "package p\nimport \"crypto/tls\"\nvar f = tls.Dial\n", 1},
		{"tls.Client", "apps/a.go", "package p\nimport \"crypto/tls\"\nvar f = tls.Client\n", 0},
	} {
		got, err := Imports(fixture(t, c.file, c.text), Architecture())
		if err != nil || len(got) != c.want {
			t.Errorf("%s: got %q, %v, want %d findings", c.name, got, err, c.want)
		}
	}
}

func TestReachFollowsImportsOfOtherModules(t *testing.T) {
	files := map[string]string{
		"go.mod":          "module example.test/w\n\ngo 1.26.0\n",
		"w.go":            "package w\n\nimport _ \"example.test/w/c\"\n",
		"go.work":         "go 1.26.0\n\nuse (\n\t.\n\t./a\n\t./b\n\t./c\n)\nreplace example.org/out => ./out\n",
		"versions.txt":    "a v0.1.0 yes\nb v0.1.0 yes\nc v0.1.0 yes\n. v0.2.0 yes\n",
		"a/go.mod":        "module example.test/w/a\n\ngo 1.26.0\n",
		"a/a.go":          "package a\n",
		"a/a_windows.go":  "package a\n\nimport _ \"example.org/out\"\n",
		"b/go.mod":        "module example.test/w/b\n\ngo 1.26.0\n",
		"b/b.go":          "package b\n\nimport _ \"example.test/w/a\"\n",
		"c/go.mod":        "module example.test/w/c\n\ngo 1.26.0\n",
		"c/c.go":          "package c\n\nimport _ \"example.test/w/b\"\n",
		"out/go.mod":      "module example.org/out\n\ngo 1.26.0\n",
		"out/out.go":      "package out\n",
		"out/more/out.go": "package more\n",
	}
	for _, m := range []string{"a", "b", "c", "."} {
		files[path.Join(m, "go.mod")] += "require example.org/out v0.0.0\n"
	}
	root := t.TempDir()
	for name, text := range files {
		write(t, root, name, text)
	}
	w, err := workspace.Open(root)
	require.NoError(t, err)
	table := ImportTable{"a": {Outside: []string{"*"}}, "b": {Siblings: []string{"a"}}, "c/only": {Siblings: []string{"b"}}, "c": {}, ".": {Siblings: []string{"c"}}}
	got, err := Reach(w, table, []string{"linux", "windows"})
	want := []string{
		"a: reaches example.org/out on windows",
		"b: reaches example.org/out on windows",
		"c: reaches example.org/out on windows",
		"w: reaches example.org/out on windows",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %v\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	delete(table, "c/only")
	got, err = Reach(w, table, []string{"linux"})
	if want := "c: reaches example.test/w/a on linux\nc: reaches example.test/w/b on linux\n" +
		"w: reaches example.test/w/a on linux\nw: reaches example.test/w/b on linux"; err != nil || strings.Join(got, "\n") != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, strings.Join(got, "\n"), want)
	}
}

func TestTheLongestDirectoryDecides(t *testing.T) {
	table := ImportTable{"resolve": {}, "resolve/evented": {Siblings: []string{"stream"}}}
	for file, allowed := range map[string]bool{
		"resolve/a.go":              false,
		"resolve/evented/a.go":      true,
		"resolve/evented/deep/a.go": true,
		"resolve/eventedly/a.go":    false,
	} {
		w := fixture(t, file, "package a\n\nimport _ \""+prefix+"stream\"\n")
		if got, err := Imports(w, table); err != nil || (len(got) == 0) != allowed {
			t.Errorf("%s: got findings %q, %v, want allowed %v", file, got, err, allowed)
		}
	}
}
