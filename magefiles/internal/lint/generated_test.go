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

const generatedReadme = "before\n\n<!-- generated: dependencies, by go tool mage docs -->\n\n" +
	"| module | use | depends on |\n|---|---|---|\n| [`queue`](queue) | text | stale |\n| [`sys`](sys) | text | nothing |\n| [`m`](m.go) | text | stale |\n" +
	"\n<!-- end -->\n\nafter\n"

const generatedMatrix = "before\n\n<!-- generated: conformance, by go tool mage docs -->\n\n\n<!-- end -->\n"

const generatedResolve = "before\n\n<!-- generated: differential, by go tool mage docs -->\n\n\n<!-- end -->\n"

const generatedBench = "before\n\n<!-- generated: comparison, by go tool mage docs -->\n\n\n<!-- end -->\n"

// documented returns a workspace whose generated parts are out of date.
func documented(t *testing.T) *workspace.Workspace {
	t.Helper()
	w := &workspace.Workspace{Root: t.TempDir(), Prefix: "example.org/m", Modules: []workspace.Module{{Dir: ".", Path: "example.org/m"}, {Dir: "sys", Path: "example.org/m/sys"}, {Dir: "queue", Path: "example.org/m/queue"}}}
	for name, text := range map[string]string{
		"README.md":                              generatedReadme,
		"conformance/README.md":                  generatedMatrix,
		"resolve/README.md":                      generatedResolve,
		"bench/README.md":                        generatedBench,
		"interop/internal/differential/table.md": "| recorded |\n",
		"bench/doc/compare.md":                   "| compared |\n",
		"conformance/matrix.txt":                 "linux/amd64\n\tqueue epoll: 3 pass, 1 n/a, 0 waived, 0 violated\n",
		"go.mod":                                 "module example.org/m\n",
		"m.go":                                   "package m\n\nimport _ \"example.org/m/queue\"\n",
		"sys/go.mod":                             "module example.org/m/sys\n",
		"sys/sys.go":                             "package sys\n",
		"queue/go.mod":                           "module example.org/m/queue\n\nrequire (\n\texample.org/m/sys v0.1.0\n\tgolang.org/x/sys v0.1.0\n)\n",
		"queue/queue.go":                         "package queue\n\nimport (\n\t_ \"example.org/m\"\n\t_ \"example.org/m/sys\"\n\t_ \"golang.org/x/sys/unix\"\n)\n",
		"queue/queue_test.go":                    "package queue\n\nimport _ \"golang.org/x/net/nettest\"\n",
	} {
		name = filepath.Join(w.Root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	return w
}

func TestGeneratedFindsWhatIsOutOfDateAndWriteRepairsIt(t *testing.T) {
	w := documented(t)
	got, err := Generated(w)
	want := []string{
		`README.md: the generated part "dependencies" is out of date, run go tool mage docs`,
		`conformance/README.md: the generated part "conformance" is out of date, run go tool mage docs`,
		`resolve/README.md: the generated part "differential" is out of date, run go tool mage docs`,
		`bench/README.md: the generated part "comparison" is out of date, run go tool mage docs`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
	require.NoError(t, WriteGenerated(w))
	if got, err := Generated(w); err != nil || len(got) > 0 {
		t.Errorf("after the write: got %q, %v, want nothing", got, err)
	}
	for name, line := range map[string]string{
		"README.md":             "| [`queue`](queue) | text | `m`, `sys`, `golang.org/x/sys` |\n| [`sys`](sys) | text | nothing |\n| [`m`](m.go) | text | `queue` |\n\n<!-- end -->\n\nafter\n",
		"conformance/README.md": "| `queue` | linux/amd64 | 1 | 3 | 1 | 0 | 0 |\n\n<!-- end -->\n",
		"resolve/README.md":     "docs -->\n\n| recorded |\n\n<!-- end -->\n",
	} {
		text, err := os.ReadFile(filepath.Join(w.Root, filepath.FromSlash(name)))
		if err != nil || !strings.HasPrefix(string(text), "before\n") || !strings.HasSuffix(string(text), line) {
			t.Errorf("%s: got %q, %v, want it to end with %q", name, text, err, line)
		}
	}
}

func TestAnUnknownGeneratedPartIsAnError(t *testing.T) {
	w := documented(t)
	text := strings.ReplaceAll(generatedReadme, "dependencies", "rumours")
	require.NoError(t, os.WriteFile(filepath.Join(w.Root, "README.md"), []byte(text), 0o666))
	if _, err := Generated(w); err == nil || !strings.Contains(err.Error(), `"rumours"`) {
		t.Errorf("got %v, want an error that names the part", err)
	}
}
