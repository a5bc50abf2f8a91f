package wine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// setUp numbers the way in which a prefix is made. A prefix made in another way is made anew.
const setUp = "1"

// stampName is the file that records how a prefix was made.
const stampName = "edgewise.stamp"

// libraries are the libraries that the Go runtime loads at its start and that old versions of Wine
// lack. ProcessPrng has the parameters and the meaning of SystemFunction036, which the
// documentation of Windows calls RtlGenRandom.
var libraries = map[string]map[string]string{
	"bcryptprimitives.dll": {"ProcessPrng": "ADVAPI32.SystemFunction036"},
}

// prepare returns with a shared lock on a prefix that is valid for version.
func (w *Wine) prepare(ctx context.Context, out io.Writer, version string) error {
	stamp := fmt.Sprintf("set-up %s of %s\n", setUp, version)
	for {
		if err := w.lock.shared(); err != nil {
			return err
		}
		if isStamped(w.prefix, stamp) {
			return nil
		}
		// A lock is not upgraded atomically: another process may make the prefix in between.
		if err := w.lock.exclusive(); err != nil {
			return err
		}
		if isStamped(w.prefix, stamp) {
			continue
		}
		if err := w.create(ctx, out, version, stamp); err != nil {
			return fmt.Errorf("wine: prepare %s: %w", w.prefix, err)
		}
	}
}

func isStamped(prefix, stamp string) bool {
	text, err := os.ReadFile(filepath.Join(prefix, stampName))
	return err == nil && string(text) == stamp
}

// create makes the prefix under another name and renames it when it is complete. It first removes
// what an interrupted attempt has left.
func (w *Wine) create(ctx context.Context, out io.Writer, version, stamp string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	begin := time.Now()
	fmt.Fprintf(out, "wine: preparing a prefix for %s\n", version)
	fresh := w.prefix + ".new"
	for _, dir := range []string{fresh, w.prefix} {
		if _, err := os.Stat(dir); err == nil {
			if err := errors.Join(w.stop(ctx, dir), os.RemoveAll(dir)); err != nil {
				return err
			}
		}
	}
	// Wine makes the directory itself, but not its parents.
	boot := w.command(ctx, fresh, w.loader, "wineboot", "--init")
	text, err := boot.CombinedOutput()
	// Programs started by wineboot outlive it. Rename only when no program uses the directory.
	if err := errors.Join(err, w.stop(ctx, fresh)); err != nil {
		return fmt.Errorf("wineboot: %w\n%s", err, strings.TrimSpace(string(text)))
	}
	if err := writeLibraries(filepath.Join(fresh, "drive_c", "windows", "system32")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(fresh, stampName), []byte(stamp), 0o666); err != nil {
		return err
	}
	if err := os.Rename(fresh, w.prefix); err != nil {
		return err
	}
	fmt.Fprintf(out, "wine: prepared in %.1fs\n", time.Since(begin).Seconds())
	return nil
}

// writeLibraries writes into dir each library that is missing.
func writeLibraries(dir string) error {
	for name, forwards := range libraries {
		data, err := forwardingDLL(name, forwards)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = file.Write(data)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}
