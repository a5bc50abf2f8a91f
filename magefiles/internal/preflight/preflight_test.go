package preflight

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
	"github.com/stretchr/testify/require"
)

// A correct workspace: b uses a, the root module uses b, these have an example. The root module and
// c are not released.
var correct = map[string]string{
	"go.mod": "module example.test/w\n\ngo 1.26.0\n\nrequire example.test/w/b v0.1.0\n\nrequire example.test/w/a v0.1.0 // indirect\n\n" +
		"replace example.test/w/a => ./a\n\nreplace example.test/w/b => ./b\n",
	"w.go":              "package w\n\nimport \"example.test/w/b\"\n\nfunc W() int { return b.B() }\n",
	"w_example_test.go": "package w_test\n\nimport (\n\t\"fmt\"\n\n\t\"example.test/w\"\n)\n\nfunc Example() {\n\tfmt.Println(w.W())\n\t// Output: 1\n}\n",
	"go.work":           "go 1.26.0\n\nuse (\n\t.\n\t./a\n\t./b\n)\n",
	"versions.txt":      "a v0.1.0 yes\nb v0.1.0 yes\n. v0.9.0 no\nc v0.1.0 no\n",
	"c/go.mod":          "module example.test/w/c\n\ngo 1.26.0\n",
	"a/go.mod":          "module example.test/w/a\n\ngo 1.26.0\n",
	"a/a.go":            "package a\n\nfunc Old() int { return 1 }\n",
	"b/go.mod": "module example.test/w/b\n\ngo 1.26.0\n\nrequire example.test/w/a v0.1.0\n\n" +
		"replace example.test/w/a => ../a\n",
	"b/b.go":              "package b\n\nimport (\n\t\"example.test/w/a\"\n\t_ \"example.test/w/b/internal/x\"\n)\n\nfunc B() int { return a.Old() }\n",
	"b/internal/x/x.go":   "package x\n",
	"b/cmd/main.go":       "package main\n\nfunc main() {}\n",
	"b/b_example_test.go": "package b_test\n\nimport (\n\t\"fmt\"\n\n\t\"example.test/w/b\"\n)\n\nfunc Example() {\n\tfmt.Println(b.B())\n\t// Output: 1\n}\n",
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
}

func git(t *testing.T, root string, args ...string) {
	t.Helper()
	env := []string{"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull}
	args = append([]string{"-c", "user.name=x", "-c", "user.email=x@example.test", "-c", "tag.gpgsign=false"}, args...)
	if _, err := command.Output(root, env, "git", args...); err != nil {
		t.Fatal(err)
	}
}

// tag commits the current files as a published version.
func tag(t *testing.T, root, name string) {
	t.Helper()
	git(t, root, "init", "-q")
	git(t, root, "add", ".")
	git(t, root, "commit", "-q", "-m", name)
	git(t, root, "tag", name)
}

func TestPreflight(t *testing.T) {
	ours, err := workspace.Find(".")
	require.NoError(t, err)
	bin := t.TempDir()
	require.NoError(t, command.BuildTools(ours.Root, bin, "./modzip"))
	sums, err := os.ReadFile(filepath.Join(ours.Root, "magefiles", "go.sum"))
	require.NoError(t, err)
	// requires makes a require modules that magefiles requires too, whose checksums are known.
	requires := func(t *testing.T, root, lines string) {
		write(t, root, "a/go.mod", correct["a/go.mod"]+"\n"+lines)
		write(t, root, "a/go.sum", string(sums))
	}
	releaseRoot := func(t *testing.T, root string) {
		write(t, root, "versions.txt", strings.Replace(correct["versions.txt"], ". v0.9.0 no", ". v0.9.0 yes", 1))
	}
	useExtra := func(t *testing.T, root string) {
		write(t, root, "a/a.go", correct["a/a.go"]+"\nfunc Extra() int { return 1 }\n")
		write(t, root, "b/b.go", strings.Replace(correct["b/b.go"], "a.Old", "a.Extra", 1))
	}
	for _, c := range []struct {
		name    string
		tagged  bool // a is published at v0.1.0 before prepare
		prepare func(t *testing.T, root string)
		want    []string // in the output and the error; none if it must pass
	}{
		{name: "correct", prepare: func(t *testing.T, root string) {}},
		{
			name:   "correct and partly published, with files that git ignores or no longer has",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				write(t, root, ".gitignore", "it*\n")
				write(t, root, "b/it's.txt", "")
				require.NoError(t, os.Remove(filepath.Join(root, "b", "cmd", "main.go")))
			},
		},
		{
			name: "correct with the root module, and files that targets build",
			prepare: func(t *testing.T, root string) {
				releaseRoot(t, root)
				write(t, root, ".cache/it's.txt", "")
				write(t, root, "bin/it's.txt", "")
			},
		},
		{
			name:   "require that is stale against a published version",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				useExtra(t, root)
			},
			want: []string{"undefined: a.Extra", "not usable alone: b"},
		},
		{
			name:   "require that is stale against a planned version",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				useExtra(t, root)
				write(t, root, "versions.txt", strings.Replace(correct["versions.txt"], "a v0.1.0", "a v0.2.0", 1))
			},
			want: []string{"undefined: a.Extra", "not usable alone: b"},
		},
		{
			name:   "require that was raised with it",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				useExtra(t, root)
				write(t, root, "versions.txt", strings.Replace(correct["versions.txt"], "a v0.1.0", "a v0.2.0", 1))
				write(t, root, "b/go.mod", strings.Replace(correct["b/go.mod"], "a v0.1.0", "a v0.2.0", 1))
			},
		},
		{
			name: "require of what never will be",
			prepare: func(t *testing.T, root string) {
				write(t, root, "b/go.mod", strings.Replace(correct["b/go.mod"], "a v0.1.0", "a v0.0.9", 1))
			},
			want: []string{"b v0.1.0 requires a v0.0.9, which is neither tagged nor planned"},
		},
		{
			name: "require of an unreleased module",
			prepare: func(t *testing.T, root string) {
				write(t, root, "b/go.mod", correct["b/go.mod"]+"\nrequire example.test/w/c v0.1.0\n")
			},
			want: []string{"b v0.1.0 requires c, which is not released"},
		},
		{
			name:   "require by the root module that is stale against a published version",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				releaseRoot(t, root)
				write(t, root, "a/a.go", correct["a/a.go"]+"\nfunc Extra() int { return 1 }\n")
				write(t, root, "w.go", "package w\n\nimport \"example.test/w/a\"\n\nfunc W() int { return a.Extra() }\n")
			},
			want: []string{"undefined: a.Extra", "not usable alone: w"},
		},
		{
			name: "require of no module",
			prepare: func(t *testing.T, root string) {
				write(t, root, "b/go.mod", correct["b/go.mod"]+"\nrequire example.test/w/none v0.1.0\n")
			},
			want: []string{"b v0.1.0 requires example.test/w/none, which is not a module of versions.txt"},
		},
		{
			name:    "file that a zip may not have",
			prepare: func(t *testing.T, root string) { write(t, root, "a/it's.txt", "") },
			want:    []string{"modzip", "it's.txt", "invalid char"},
		},
		{
			name:   "file that a zip may not have, in a clone",
			tagged: true,
			prepare: func(t *testing.T, root string) {
				write(t, root, "b/it's.txt", "")
			},
			want: []string{"modzip", "it's.txt", "invalid char"},
		},
		{
			name: "example that fails",
			prepare: func(t *testing.T, root string) {
				write(t, root, "a/a.go", strings.Replace(correct["a/a.go"], "return 1", "return 2", 1))
			},
			want: []string{"--- FAIL: Example", "not usable alone: b"},
		},
		{
			name: "tool line",
			prepare: func(t *testing.T, root string) {
				requires(t, root, "require github.com/magefile/mage v1.17.2\n\ntool github.com/magefile/mage\n")
			},
			want: []string{
				"imports a receives github.com/magefile/mage: it is in the build list", "not usable alone: a b",
			},
		},
		{
			name: "package that builds with a module from outside",
			prepare: func(t *testing.T, root string) {
				requires(t, root, "require golang.org/x/sync v0.23.0\n")
				write(t, root, "a/x/x.go", "package x\n\nimport _ \"golang.org/x/sync/errgroup\"\n")
			},
			want: []string{
				"imports a receives golang.org/x/sync: it is in go.sum after go build", "not usable alone: a",
			},
		},
		{
			name:    "test that does not compile",
			prepare: func(t *testing.T, root string) { write(t, root, "a/a_test.go", "package a\n\nvar x int = \"\"\n") },
			want:    []string{"a_test.go:3", "not usable alone: a"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for name, text := range correct {
				write(t, root, name, text)
			}
			if c.tagged {
				if _, err := exec.LookPath("git"); err != nil && os.Getenv("EDGEWISE_REQUIRE") == "" {
					t.Logf("N/A %s: needs git", c.name)
					return
				}
				tag(t, root, "a/v0.1.0")
			}
			c.prepare(t, root)
			w, err := workspace.Open(root)
			require.NoError(t, err)
			var out bytes.Buffer
			err = Run(&out, w, command.ToolPath(bin, "modzip"), nil)
			if (err == nil) != (c.want == nil) {
				t.Errorf("got error %v\n%s", err, out.String())
			}
			if err != nil {
				out.WriteString(err.Error())
			}
			for _, want := range c.want {
				if !strings.Contains(filepath.ToSlash(out.String()), want) {
					t.Errorf("%q is not in\n%s", want, out.String())
				}
			}
		})
	}
}

func TestConsumerImportsWhatOthersMayImport(t *testing.T) {
	m := workspace.Module{Dir: "b", Path: "example.test/internal/w/b"}
	got := string(importAll(m, []pkg{{"b", "example.test/internal/w/b"}, {"x", "example.test/internal/w/b/internal/x"},
		{"main", "example.test/internal/w/b/cmd"}, {"y", "example.test/internal/w/b/y"}}))
	want := "package main\n\nimport _ \"example.test/internal/w/b\"\nimport _ \"example.test/internal/w/b/y\"\n\nfunc main() {}\n"
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestImportersMayReceiveWhatTheyBuildWithAndTheirTestsNeed(t *testing.T) {
	p := &preflight{outside: []string{"golang.org/x/sys"}, w: &workspace.Workspace{Prefix: "example.test/w", Modules: []workspace.Module{
		{Dir: ".", Path: "example.test/w", Released: true}, {Dir: "a", Path: "example.test/w/a", Released: true},
		{Dir: "c", Path: "example.test/w/c"},
	}}}
	for modulePath, want := range map[string][2]bool{ // without and with forTests
		"example.test/w":              {true, true},
		"example.test/w/a":            {true, true},
		"example.test/w/c":            {false, false},
		"example.test/w/none":         {false, false},
		"golang.org/x/sys":            {true, true},
		"golang.org/x/sysfoo":         {false, false},
		"github.com/stretchr/testify": {false, true},
		"github.com/magefile/mage":    {false, false},
		"gonum.org/v1/gonum":          {false, false},
	} {
		if got := [2]bool{p.mayReceive(modulePath, nil), p.mayReceive(modulePath, forTests)}; got != want {
			t.Errorf("%s: got %v, want %v", modulePath, got, want)
		}
	}
}
