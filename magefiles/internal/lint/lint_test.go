package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
	"github.com/stretchr/testify/require"
)

func TestCheckFile(t *testing.T) {
	const skips = "package p\n\nimport \"testing\"\n\nfunc f(t *testing.T) { t.Skip() }\n"
	for _, c := range []struct{ name, text, want string }{
		{"a/sock.go", "package a\n", ""},
		{"a/sock.go", "package  a\n", "a/sock.go: gofmt would change it"},
		{"a/sock.go", "package", "a/sock.go: 1:8: expected 'IDENT', found 'EOF'"},
		{"a/sock_unix.go", "package a\n", "a/sock_unix.go: must begin with //go:build, since _unix constrains nothing"},
		{"a/sock_unix.go", "//go:build unix\n\npackage a\n", ""},
		{"a/sock_unix.go", "// Text.\n\n//go:build unix\n\npackage a\n", "a/sock_unix.go: must begin with //go:build, since _unix constrains nothing"},
		{"a/sock_bsd_test.go", "package a\n", "a/sock_bsd_test.go: must begin with //go:build, since _bsd constrains nothing"},
		{"a/epoll_other.go", "package a\n", "a/epoll_other.go: must begin with //go:build, since _other constrains nothing"},
		{"a/wake_kqueue.go", "package a\n", "a/wake_kqueue.go: must begin with //go:build, since _kqueue constrains nothing"},
		{"a/sock_linux.go", "package a\n", ""},
		{"a/poll.go", "package a\n", ""},
		{"a/poll_test.go", "package a\n", ""},
		{"a/utils.go", "package a\n", "a/utils.go: its name does not describe its contents"},
		{"a/helpers_test.go", "package a\n", "a/helpers_test.go: its name does not describe its contents"},
		{"a/common_linux.go", "package a\n", "a/common_linux.go: its name does not describe its contents"},
		{"a/a.go", "package a\n\n// " + strings.Repeat("é", 97) + "\n", ""},
		{"a/a.go", "package a\n\n// " + strings.Repeat("é", 98) + "\n", "a/a.go:3: the comment has 101 columns, wrap it at 100"},
		{"a/a.go", "package a\n\nfunc f() {\n\t// " + strings.Repeat("x", 94) + "\n}\n", "a/a.go:4: the comment has 101 columns, wrap it at 100"},
		{"a/a.go", "package a\n\nvar x int // " + strings.Repeat("x", 98) + "\n", ""},
		{"a/a.go", "package a\n\n// Text:\n//\n//\t" + strings.Repeat("x", 98) + "\n", ""},
		{"a/a.go", "//go:build " + strings.Repeat("x", 98) + "\n\npackage a\n", ""},
		{"a/a_test.go", skips, "a/a_test.go:5: skips a test, which only conformance/internal/suite/, apps/internal/apptest/, bench/internal/benchtest/, interop/internal/interoptest/ may"},
		{"conformance/queuetest/a.go", skips, "conformance/queuetest/a.go:5: skips a test, which only conformance/internal/suite/, apps/internal/apptest/, bench/internal/benchtest/, interop/internal/interoptest/ may"},
		{"conformance/internal/suite/testing.go", skips, ""},
		{"apps/internal/apptest/need.go", skips, ""},
		{"bench/internal/benchtest/need.go", skips, ""},
		{"interop/internal/interoptest/need.go", skips, ""},
		{"apps/internal/serving/need.go", skips, "apps/internal/serving/need.go:5: skips a test, which only conformance/internal/suite/, apps/internal/apptest/, bench/internal/benchtest/, interop/internal/interoptest/ may"},
		{"p/a_test.go", "package p\n\nimport \"testing\"\n\nfunc f(b *testing.B) { b.Run(\"\", func(b *testing.B) { b.Skip() }) }\n", ""},
		{"p/a_test.go", "package p\n\nimport \"testing\"\n\nfunc f(b *testing.B) { g(func(b *testing.T) { b.Skip() }) }\n", "p/a_test.go:5: skips a test, which only conformance/internal/suite/, apps/internal/apptest/, bench/internal/benchtest/, interop/internal/interoptest/ may"},
		{"resolve/msg.go", "package p\n\nfunc f(p parser) { p.Skip() }\n", ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if got := checkFile(c.name, []byte(c.text)); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\ngot %q, want %q", c.name, c.text, got, want)
		}
	}
}

func TestCheckReadsModulesAndTools(t *testing.T) {
	w := &workspace.Workspace{Root: t.TempDir(), Modules: []workspace.Module{{Dir: "."}, {Dir: "a"}}}
	for _, name := range []string{"root.go", "a/go.mod", "a/sub/x.go", "tools/go.mod", "tools/x/y.go", "b/go.mod", "b/z.go"} {
		name = filepath.Join(w.Root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte("package  x\n"), 0o666))
	}
	got, err := Check(w)
	want := []string{
		"root.go: gofmt would change it",
		"a/sub/x.go: gofmt would change it",
		"tools/x/y.go: gofmt would change it",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
