// Package wine runs Windows programs on other systems: it finds Wine, prepares a prefix in which
// the runtime of Go works, without a display, and runs programs in it.
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

// ErrNotFound is returned when there is no Wine on this machine. Its text says how to get it.
var ErrNotFound = errors.New("no Wine here: install it (Debian, Ubuntu: apt-get install wine64), or name it by PATH")

// startPatience bounds how long a prefix may take to be made. It takes about 20 seconds on a small
// machine.
const startPatience = 5 * time.Minute

// places are where distributions put the loader of 64-bit programs, and do not put into PATH.
var places = []string{"/usr/lib/wine/wine64", "/usr/lib64/wine/wine64", "/opt/wine-stable/bin/wine64", "/opt/wine-stable/bin/wine"}

// findIn returns the paths of Wine's loader and of its server, from PATH or else from places.
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

// Wine is a loader with a prefix that is ready. Its methods may be called at the same time, but for
// Close.
type Wine struct {
	loader, server string
	prefix         string
	lock           *lock
}

// Open returns Wine with the prefix dir, which it makes if it is not there or was made by another
// set-up or version of Wine; out gets a line about that. Several processes may use one prefix at
// the same time. It returns ErrNotFound where there is no Wine.
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
	// A server that the first program starts ends three seconds after the last one, and a program
	// that comes just then dies of it. One that runs already says so by its exit status, and is as
	// good.
	_ = w.command(ctx, w.prefix, w.server, "-p"+strconv.Itoa(lingerSeconds)).Run()
	// The first program starts services that stay as long as the server does and hold its output
	// open. This one has none.
	if err := w.command(ctx, w.prefix, w.loader, "wineboot").Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("wine: start the services: %w", err), w.lock.close())
	}
	return w, nil
}

// lingerSeconds is how long the server stays when no program runs, which is while the next one is
// compiled.
const lingerSeconds = 120

// Version returns what the loader says of itself, as "wine-8.0".
func (w *Wine) Version(ctx context.Context) (string, error) {
	text, err := w.command(ctx, w.prefix, w.loader, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("wine: %s --version: %w", w.loader, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Cmd returns the command that runs the program, a path of this system, in the prefix. Its
// directory and streams are for the caller to set; its exit status is that of the program.
func (w *Wine) Cmd(ctx context.Context, program string, args ...string) *exec.Cmd {
	return w.command(ctx, w.prefix, w.loader, append([]string{program}, args...)...)
}

// Close gives the prefix back. The last to use it stops the server of the prefix, awaits its end,
// and removes the temporary files of the programs.
func (w *Wine) Close() error {
	var err error
	if w.lock.tryExclusive() {
		err = errors.Join(w.stop(context.Background(), w.prefix), w.removeTemporary())
	}
	return errors.Join(err, w.lock.close())
}

// removeTemporary removes what programs could not: old versions of Wine lack the call by which Go
// removes directories.
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

// Leave gives the prefix back and leaves its server running, which ends by itself lingerSeconds
// after the last program: the next program then starts at once.
func (w *Wine) Leave() error { return w.lock.close() }

// stop ends all programs in the prefix and its server. A server that is not there is no error.
func (w *Wine) stop(ctx context.Context, prefix string) error {
	// The exit status of -k says whether there was a server.
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

// environment returns env as the programs of a prefix get it: without a display, without Wine's own
// messages, and without the browser engine and .NET, which Wine would offer to download.
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
