// Package command runs other programs, nearly always the go command, with an environment that is
// stated and an error that can be read.
package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Cmd returns the command name args, to be run in dir with env on top of the environment of this
// process. The go command's own GOFLAGS stays as the caller has it unless env says otherwise.
func Cmd(dir string, env []string, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	return c
}

// Output runs a command and returns what it wrote to its standard output. If it fails, the error
// carries what it wrote to its standard error.
func Output(dir string, env []string, name string, args ...string) ([]byte, error) {
	c := Cmd(dir, env, name, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return stdout.Bytes(), failure(c, err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// Combined runs a command and returns all it wrote, in the order it was written. If it fails, the
// error names the command but does not repeat the output.
func Combined(dir string, env []string, name string, args ...string) ([]byte, error) {
	c := Cmd(dir, env, name, args...)
	out, err := c.CombinedOutput()
	if err != nil {
		err = failure(c, err, nil)
	}
	return out, err
}

// Stream runs a command whose whole output goes to out while it runs.
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
