// Package wine runs Windows programs on other systems. It finds Wine, prepares a prefix without a
// display in which the Go runtime works, and runs programs in it.
package wine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrNotFound reports that this machine has no Wine. Its text contains the remedy.
var ErrNotFound = errors.New("wine: not found: install it (Debian, Ubuntu: apt-get install wine64) or add it to PATH")

// startPatience bounds how long making a prefix may take. It takes about 20 seconds on a small
// machine.
const startPatience = 5 * time.Minute

// places are the paths outside PATH where distributions install the loader of 64-bit programs.
var places = []string{"/usr/lib/wine/wine64", "/usr/lib64/wine/wine64", "/opt/wine-stable/bin/wine64", "/opt/wine-stable/bin/wine"}

// findIn returns the paths of Wine's loader and of its server, from PATH or otherwise from places.
func findIn(places []string) (loader, server string, err error) {
	var loaders []string
	for _, name := range []string{"wine64", "wine"} {
		if path, err := exec.LookPath(name); err == nil {
			loaders = append(loaders, path)
		}
	}
	for _, loader = range append(loaders, places...) {
		if info, err := os.Stat(loader); err != nil || info.IsDir() {
			continue
		}
		dir := filepath.Dir(loader)
		for _, name := range []string{"wineserver64", "wineserver"} {
			server = filepath.Join(dir, name)
			if _, err := os.Stat(server); err == nil {
				return loader, server, nil
			}
		}
		if server, err = exec.LookPath("wineserver"); err == nil {
			return loader, server, nil
		}
	}
	return "", "", ErrNotFound
}

// Wine is a loader with a prefix that is ready. Its methods, except Close, are safe for concurrent
// use.
type Wine struct {
	loader, server string
	prefix         string
	lock           *lock
}

// Open returns Wine with the prefix dir. It makes the prefix if it is missing or was made by
// another set-up or version of Wine, and then writes a line to out. Several processes may use one
// prefix at the same time. Open returns ErrNotFound if there is no Wine.
func Open(ctx context.Context, out io.Writer, dir string) (*Wine, error) {
	loader, server, err := findIn(places)
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w := &Wine{loader: loader, server: server, prefix: dir}
	version, err := w.Version(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return nil, err
	}
	w.lock, err = openLock(dir + ".lock")
	if err != nil {
		return nil, err
	}
	if err := w.prepare(ctx, out, version); err != nil {
		return nil, errors.Join(err, w.lock.close())
	}
	// A server that the first program starts ends three seconds after the last program. A program
	// that starts at that moment dies. A server that already runs reports it by its exit status,
	// and is just as good.
	_ = w.command(ctx, w.prefix, w.server, "-p"+strconv.Itoa(lingerSeconds)).Run()
	// The first program starts services that stay as long as the server does and hold its output
	// open. This program has no output.
	if err := w.command(ctx, w.prefix, w.loader, "wineboot").Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("wine: start the services: %w", err), w.lock.close())
	}
	return w, nil
}

// lingerSeconds is how long the server stays when no program runs, such as while the next one is
// compiled.
const lingerSeconds = 120

// Version returns the version that the loader prints, such as "wine-8.0".
func (w *Wine) Version(ctx context.Context) (string, error) {
	text, err := w.command(ctx, w.prefix, w.loader, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("wine: %s --version: %w", w.loader, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Cmd returns the command that runs the program in the prefix. program is a path of this system.
// The caller sets the directory and streams. The exit status is that of the program.
func (w *Wine) Cmd(ctx context.Context, program string, args ...string) *exec.Cmd {
	return w.command(ctx, w.prefix, w.loader, append([]string{program}, args...)...)
}

// Close releases the prefix. The last user stops the server of the prefix, waits for its end, and
// removes the temporary files of the programs.
func (w *Wine) Close() error {
	var err error
	if w.lock.tryExclusive() {
		err = errors.Join(w.stop(context.Background(), w.prefix), w.removeTemporary())
	}
	return errors.Join(err, w.lock.close())
}

// removeTemporary removes what the programs could not: old versions of Wine lack the call with
// which Go removes directories.
func (w *Wine) removeTemporary() error {
	left, err := filepath.Glob(filepath.Join(w.prefix, "drive_c", "users", "*", "Temp", "*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range left {
		errs = append(errs, os.RemoveAll(name))
	}
	return errors.Join(errs...)
}

// Leave releases the prefix and leaves its server running, so that the next program starts at once.
// The server ends lingerSeconds after the last program.
func (w *Wine) Leave() error { return w.lock.close() }

// stop ends all programs in the prefix and its server. A missing server is not an error.
func (w *Wine) stop(ctx context.Context, prefix string) error {
	// The exit status of -k reports whether there was a server.
	_ = w.command(ctx, prefix, w.server, "-k").Run()
	if err := w.command(ctx, prefix, w.server, "-w").Run(); err != nil {
		return fmt.Errorf("wine: stop the server: %w", err)
	}
	return nil
}

func (w *Wine) command(ctx context.Context, prefix, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.Env = environment(os.Environ(), prefix, w.server)
	return c
}

// environment returns env for the programs of a prefix. It removes the display, Wine's own
// messages, and the browser engine and .NET, which Wine would offer to download.
func environment(env []string, prefix, server string) []string {
	set := []string{
		"WINEPREFIX=" + prefix,
		"WINESERVER=" + server,
		"WINEARCH=win64",
		"WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=",
	}
	var kept []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "DISPLAY", "WAYLAND_DISPLAY", "WINEPREFIX", "WINESERVER", "WINEARCH", "WINEDEBUG", "WINEDLLOVERRIDES", "WINELOADER":
			continue
		}
		kept = append(kept, e)
	}
	return append(kept, set...)
}
