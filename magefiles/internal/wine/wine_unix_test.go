//go:build unix

package wine

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// loader is a fake Wine loader: it makes what wineboot makes, and runs programs as shell scripts.
const loader = `#!/bin/sh
case $1 in
--version) cat "$(dirname "$0")/version";;
wineboot)
	test "$2" = --init || exit 0
	mkdir -p "$WINEPREFIX/drive_c/windows/system32" && echo boot >>"$(dirname "$0")/log" && ! test -e "$(dirname "$0")/broken";;
*) exec sh "$@";;
esac
`

// server is a fake wineserver that records its arguments.
const server = `#!/bin/sh
echo "$1 $(basename "$WINEPREFIX")" >>"$(dirname "$0")/log"
`

// fake puts a fake Wine in front of PATH and returns its directory and that of the prefix.
func fake(t *testing.T) (bin, prefix string) {
	t.Helper()
	bin = t.TempDir()
	write(t, filepath.Join(bin, "wine64"), loader)
	write(t, filepath.Join(bin, "wineserver"), server)
	write(t, filepath.Join(bin, "version"), "wine-1\n")
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return bin, filepath.Join(t.TempDir(), "deep", "prefix")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o777))
}

func open(t *testing.T, prefix string) *Wine {
	t.Helper()
	w, err := Open(t.Context(), t.Output(), prefix)
	require.NoError(t, err)
	return w
}

// boots returns how often a prefix was made.
func boots(t *testing.T, bin string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(bin, "log"))
	require.NoError(t, err)
	return strings.Count(string(text), "boot\n")
}

func TestAPrefixIsMadeOnceAndAgainForAnotherVersion(t *testing.T) {
	bin, prefix := fake(t)
	for range 2 {
		require.NoError(t, open(t, prefix).Close())
	}
	if n := boots(t, bin); n != 1 {
		t.Errorf("made %d times, want once", n)
	}
	if _, err := os.Stat(filepath.Join(prefix, "drive_c/windows/system32/bcryptprimitives.dll")); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(bin, "version"), "wine-2\n")
	write(t, filepath.Join(prefix, "old"), "")
	require.NoError(t, open(t, prefix).Close())
	if _, err := os.Stat(filepath.Join(prefix, "old")); boots(t, bin) != 2 || err == nil {
		t.Errorf("made %d times, want twice; the old one: %v", boots(t, bin), err)
	}
}

func TestAnInterruptedSetUpIsNotTakenForAGoodOne(t *testing.T) {
	bin, prefix := fake(t)
	write(t, filepath.Join(bin, "broken"), "")
	if _, err := Open(t.Context(), t.Output(), prefix); err == nil {
		t.Fatal("got no error for a wineboot that fails")
	}
	if _, err := os.Stat(prefix); err == nil {
		t.Error("an incomplete prefix has its final name")
	}
	require.NoError(t, os.Remove(filepath.Join(bin, "broken")))
	write(t, filepath.Join(prefix+".new", "left"), "")
	require.NoError(t, open(t, prefix).Close())
	if _, err := os.Stat(filepath.Join(prefix, "left")); err == nil {
		t.Error("the prefix contains what the first attempt left")
	}
}

func TestStreamsAndExitStatusPassThrough(t *testing.T) {
	bin, prefix := fake(t)
	t.Setenv("DISPLAY", ":0")
	w := open(t, prefix)
	script := filepath.Join(bin, "program.exe")
	write(t, script, `cat; echo "$1 $WINEDEBUG [$DISPLAY]"; exit 7`)
	c := w.Cmd(t.Context(), script, "an argument")
	c.Stdin = strings.NewReader("in ")
	var out bytes.Buffer
	c.Stdout = &out
	err := c.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 || out.String() != "in an argument -all []\n" {
		t.Errorf("got %v, %q", err, out.String())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestTheLastToCloseStopsTheServer(t *testing.T) {
	bin, prefix := fake(t)
	first, second := open(t, prefix), open(t, prefix)
	log := func() []string {
		text, err := os.ReadFile(filepath.Join(bin, "log"))
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	temporary := filepath.Join(prefix, "drive_c/users/me/Temp/left/by")
	require.NoError(t, os.MkdirAll(temporary, 0o777))
	before := log()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got := log(); !slices.Equal(got, before) {
		t.Errorf("the first to close ran the server with %q", got[len(before):])
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if got := log()[len(before):]; !slices.Equal(got, []string{"-k prefix", "-w prefix"}) {
		t.Errorf("the last to close ran the server with %q", got)
	}
	if _, err := os.Stat(filepath.Dir(temporary)); err == nil {
		t.Error("temporary files are left")
	}
}

func TestWithoutWineTheErrorSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := findIn(nil)
	if !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "apt-get install wine64") {
		t.Errorf("got %v", err)
	}
}
