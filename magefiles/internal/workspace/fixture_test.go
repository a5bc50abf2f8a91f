package workspace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A correct workspace of four modules: the root module imports b, c imports b and the root module,
// and b imports a.
var correct = map[string]string{
	"go.mod": "module example.test/w\n\ngo 1.26.0\n\nrequire example.test/w/b v0.2.0\n" +
		"require example.test/w/a v0.1.0 // indirect\n\nreplace (\n\texample.test/w/a => ./a\n\texample.test/w/b => ./b\n)\n",
	"w.go":         "package w\n\nimport _ \"example.test/w/b\"\n",
	"go.work":      "go 1.26.0\n\nuse (\n\t.\n\t./a\n\t./b\n\t./c\n)\n",
	"versions.txt": "# a comment\na v0.1.0 yes\nb v0.2.0 yes\n. v0.3.0 yes\nc v0.1.0 no\n",
	"a/go.mod":     "module example.test/w/a\n\ngo 1.26.0\n",
	"a/a.go":       "package a\n",
	"b/go.mod": "module example.test/w/b\n\ngo 1.26.0\n\nrequire example.test/w/a v0.1.0\n\n" +
		"replace example.test/w/a => ../a\n",
	"b/b_windows.go": "package b\n\nimport _ \"example.test/w/a\"\n",
	"c/go.mod": "module example.test/w/c\n\ngo 1.26.0\n\nrequire (\n\texample.test/w v0.3.0\n\texample.test/w/b v0.2.0\n)\n" +
		"require example.test/w/a v0.1.0 // indirect\n\nreplace (\n\texample.test/w => ../\n\texample.test/w/a => ../a\n\texample.test/w/b => ../b\n)\n",
	"c/sub/c.go":          "package sub\n\nimport (\n\t_ \"example.test/w\"\n\t_ \"example.test/w/b/x\"\n)\n",
	"c/testdata/c.go":     "package broken; import _ \"example.test/w/none\"\n",
	"c/nested/go.mod":     "module example.test/w/c/nested\n",
	"c/nested/ignored.go": "package nested; import _ \"example.test/w/none\"\n",
}

// fixture writes correct with some files replaced. An empty text omits the file.
func fixture(t *testing.T, changed map[string]string) *Workspace {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	for name, text := range correct {
		if _, ok := changed[name]; !ok {
			write(name, text)
		}
	}
	for name, text := range changed {
		if text != "" {
			write(name, text)
		}
	}
	w, err := Open(root)
	require.NoError(t, err)
	return w
}

func replaceIn(name, old, new string) map[string]string {
	text := correct[name]
	if !strings.Contains(text, old) {
		panic(name + " has no " + old)
	}
	return map[string]string{name: strings.Replace(text, old, new, 1)}
}
