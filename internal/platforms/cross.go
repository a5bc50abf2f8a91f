package platforms

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgewise-go/edgewise/internal/command"
)

// Cross compiles the tests of all packages that patterns match for p into root/bin/GOOS_GOARCH, without cgo, for a
// machine that has no Go. Beside them it writes run.sh, which runs each in the directory of its package as `go test`
// would, prints a line for each, and fails if one fails. The machine needs the source tree, for testdata, and a
// POSIX shell.
func Cross(out io.Writer, root string, p Platform, patterns ...string) error {
	env := []string{"GOOS=" + p.OS, "GOARCH=" + p.Arch, "CGO_ENABLED=0"}
	list := []string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}"}
	dirs, err := command.Output(root, env, "go", append(list, patterns...)...)
	if err != nil {
		return err
	}
	bin := filepath.Join(root, "bin", p.OS+"_"+p.Arch)
	if err := os.MkdirAll(bin, 0o777); err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString(scriptHead)
	for dir := range strings.Lines(string(dirs)) {
		rel, err := filepath.Rel(root, strings.TrimSpace(dir))
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		name := strings.ReplaceAll(rel, "/", "_") + ".test"
		_, err = command.Output(root, env, "go", "test", "-c", "-o", filepath.Join(bin, name), "./"+rel)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "built\t%s\t%s\n", p, rel)
		fmt.Fprintf(&script, "run %s %s\n", rel, name)
	}
	script.WriteString("exit $status\n")
	return os.WriteFile(filepath.Join(bin, "run.sh"), []byte(script.String()), 0o777)
}

const scriptHead = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd) || exit
status=0
run() {
	if (cd "$here/../../$1" && "$here/$2" -test.timeout=5m); then
		echo "ok	$1"
	else
		echo "FAIL	$1"
		status=1
	fi
}
`
