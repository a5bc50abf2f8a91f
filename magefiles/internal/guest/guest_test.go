package guest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/magefiles/internal/platform"
	"github.com/edgewise-go/edgewise/magefiles/internal/testrun"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
	"github.com/stretchr/testify/require"
)

func find(t *testing.T) *workspace.Workspace {
	t.Helper()
	w, err := workspace.Find(".")
	require.NoError(t, err)
	return w
}

func TestExceptionsNameGuestsAndPackagesThatExist(t *testing.T) {
	w := find(t)
	names := []string{Windows(w).Name, Windows(w).Platform.String()}
	for _, g := range Emulated() {
		names = append(names, g.Name)
	}
	for _, e := range exceptions {
		dir := strings.TrimSuffix(e.Package, "/...")
		info, err := os.Stat(filepath.Join(w.Root, filepath.FromSlash(dir)))
		if err != nil || !info.IsDir() || !slices.Contains(names, e.Where) || e.Reason == "" {
			t.Errorf("%+v: %v; guests are %q", e, err, names)
		}
	}
}

func TestAGuestThatIsNotHereIsKnownBeforeAnythingIsCompiled(t *testing.T) {
	w := find(t)
	t.Setenv("PATH", t.TempDir())
	for _, g := range Emulated()[1:] {
		_, err := g.Run(t.Context(), w, testrun.Options{Out: t.Output()})
		if !errors.Is(err, ErrNotHere) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "apt-get install qemu-user") {
			t.Errorf("%s: got %v", g.Name, err)
		}
	}
}

func TestBadInputIsOneClearLine(t *testing.T) {
	w := find(t)
	for _, c := range []struct{ goos, goarch, line, want string }{
		{"linux", "z80", "env", "this Go does not compile for linux/z80"},
		{"linux", "amd64", "", "the command is empty"},
		{"linux", "amd64", "no-such-program", "no-such-program cannot be run"},
	} {
		_, err := Command(w, platform.Platform{OS: c.goos, Arch: c.goarch}, c.line).Run(t.Context(), w, testrun.Options{Out: t.Output()})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestPackagesLeavesOutWhatThePlatformDoesNotHave(t *testing.T) {
	w := find(t)
	for _, c := range []struct {
		platform platform.Platform
		left     bool
	}{{platform.Platform{OS: "linux", Arch: "amd64"}, false}, {platform.Platform{OS: "windows", Arch: "amd64"}, true}} {
		var out strings.Builder
		packages, err := Packages(&out, w, c.platform)
		require.NoError(t, err)
		if !slices.Contains(packages, w.Prefix+"/sys") {
			t.Errorf("%s: sys is not in %q", c.platform, packages)
		}
		for _, p := range []string{w.Prefix + "/apps/echo", w.Prefix + "/apps/internal/cli", w.Prefix + "/bench/echo"} {
			if slices.Contains(packages, p) == c.left || strings.Contains(out.String(), "left\t"+p+"\t") != c.left {
				t.Errorf("%s: %s: want left out %v in %q, and the same reported in %q", c.platform, p, c.left, packages, out.String())
			}
		}
	}
}
