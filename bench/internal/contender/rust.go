package contender

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/edgewise-go/edgewise/bench/internal/program"
)

//go:embed rust
var crates embed.FS

// registry is where Debian's packages librust-*-dev put the sources of crates. A build from them
// needs no network.
const registry = "/usr/share/cargo/registry"

// rust returns a function that builds the server on a crate.
func rust(crate string) func(context.Context, string) ([]string, string, error) {
	return func(ctx context.Context, dir string) ([]string, string, error) {
		cargo, err := exec.LookPath("cargo")
		if err != nil {
			return nil, "", err
		}
		found, err := filepath.Glob(filepath.Join(registry, crate+"-[0-9]*"))
		if err != nil {
			return nil, "", err
		}
		if len(found) == 0 {
			return nil, "", fmt.Errorf("no sources of %s in %s, which are in Debian's package librust-%[1]s-dev: %[3]w", crate, registry, errors.ErrUnsupported)
		}
		root := filepath.Join(dir, "rust-"+crate)
		sources, err := fs.Sub(crates, "rust/"+crate)
		if err != nil {
			return nil, "", err
		}
		if err := os.CopyFS(root, sources); err != nil {
			return nil, "", err
		}
		target := filepath.Join(root, "target")
		err = program.Build(ctx, crate, cargo, "build", "--quiet", "--release", "--offline", "--manifest-path", filepath.Join(root, "Cargo.toml"), "--target-dir", target,
			"--config", `source.crates-io.replace-with="debian"`, "--config", `source.debian.directory="`+registry+`"`)
		version := strings.TrimPrefix(filepath.Base(found[len(found)-1]), crate+"-")
		return []string{filepath.Join(target, "release", "server")}, crate + " " + version, err
	}
}
