// Exec runs a Windows program under Wine, with its own streams, directory and exit status. It is
// for `go test -exec`:
//
//	go build -o .cache/tools/wineexec ./internal/wine/exec
//	GOOS=windows go test -exec "$PWD/.cache/tools/wineexec" ./sys
//
// The prefix is .cache/wine below the root of the workspace. EDGEWISE_WINE names another one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/edgewise-go/edgewise/magefiles/internal/wine"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: wineexec PROGRAM.exe [ARGUMENT...]")
		os.Exit(2)
	}
	status, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "wineexec:", err)
	}
	os.Exit(status)
}

func run(program string, args []string) (status int, err error) {
	const cannot = 125 // the exit code of env and similar programs that could not run a program
	dir, err := prefix()
	if err != nil {
		return cannot, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	w, err := wine.Open(ctx, os.Stderr, dir)
	if err != nil {
		return cannot, err
	}
	c := w.Cmd(ctx, program, args...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = c.Run()
	// Other programs may follow at once, so the server stays.
	leave := w.Leave()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), leave
	case err != nil:
		return cannot, errors.Join(err, leave)
	}
	return 0, leave
}

func prefix() (string, error) {
	if dir := os.Getenv("EDGEWISE_WINE"); dir != "" {
		return dir, nil
	}
	w, err := workspace.Find(".")
	if err != nil {
		return "", err
	}
	return filepath.Join(w.Root, ".cache", "wine"), nil
}
