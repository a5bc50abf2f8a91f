// Package command runs other programs, usually the go command, with an explicit environment and
// readable errors.
package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Cmd returns the command name args, to run in dir with env added to the environment of this
// process. The caller's GOFLAGS apply to the go command unless env sets them. Without -pgo among
// them, the go command does not use the profiles of the programs: it would compile all packages
// once more per program, and tests need no fast programs.
func Cmd(dir string, env []string, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	flags := os.Getenv("GOFLAGS")
	if !strings.Contains(flags, "-pgo=") {
		flags = strings.TrimSpace(flags + " -pgo=off")
	}
	c.Env = append(append(os.Environ(), "GOFLAGS="+flags), env...)
	return c
}

// Output runs a command and returns its standard output. If the command fails, the error contains
// its standard error.
func Output(dir string, env []string, name string, args ...string) ([]byte, error) {
	c := Cmd(dir, env, name, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return stdout.Bytes(), failure(c, err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// Combined runs a command and returns both of its output streams, in the order written. If the
// command fails, the error names it but does not repeat the output.
func Combined(dir string, env []string, name string, args ...string) ([]byte, error) {
	c := Cmd(dir, env, name, args...)
	out, err := c.CombinedOutput()
	if err != nil {
		err = failure(c, err, nil)
	}
	return out, err
}

// Stream runs a command and writes its whole output to out while it runs.
func Stream(out io.Writer, dir string, env []string, name string, args ...string) error {
	c := Cmd(dir, env, name, args...)
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); err != nil {
		return failure(c, err, nil)
	}
	return nil
}

func failure(c *exec.Cmd, err error, stderr []byte) error {
	line := strings.Join(c.Args, " ")
	if text := strings.TrimSpace(string(stderr)); text != "" {
		return fmt.Errorf("%s: %w\n%s", line, err, text)
	}
	return fmt.Errorf("%s: %w", line, err)
}
