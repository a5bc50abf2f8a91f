//go:build unix

package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// programVariable makes the test binary act as the program to which the tests send signals.
const programVariable = "CLI_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		Main("program", program)
	}
	os.Exit(m.Run())
}

// program prints what happens to it, and ends with code 0 at the end of its input.
func program(ctx context.Context, _ []string) error {
	fmt.Println("started", signal.Ignored(syscall.SIGHUP))
	context.AfterFunc(ctx, func() { fmt.Println("ending") })
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// A program shuts down in order on the first of each signal, and at once on a second one from a
// user.
func TestSignals(t *testing.T) {
	// A signal that is ignored here, such as SIGINT in a background job of a shell, would be
	// ignored in the program too. A caught signal has its default action after exec(3).
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(caught)
	for _, c := range []struct {
		shell string // shell commands before the program
		sent  []syscall.Signal
		want  string // what it prints, and how it ends
	}{
		{"", nil, "started false, exit status 0"},
		{"", []syscall.Signal{syscall.SIGINT}, "started false, ending, exit status 0"},
		{"", []syscall.Signal{syscall.SIGTERM}, "started false, ending, exit status 0"},
		{"", []syscall.Signal{syscall.SIGHUP}, "started false, ending, exit status 0"},
		{"", []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP}, "started false, ending, exit status 0"},
		{"", []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP}, "started false, ending, exit status 0"},
		{"", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, "started false, ending, signal: interrupt"},
		{"", []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM}, "started false, ending, signal: terminated"},
		{"trap '' HUP", []syscall.Signal{syscall.SIGHUP}, "started true, exit status 0"},
		{"trap '' HUP", []syscall.Signal{syscall.SIGTERM}, "started true, ending, exit status 0"},
	} {
		t.Run(fmt.Sprintf("%s %v", c.shell, c.sent), func(t *testing.T) {
			cmd := exec.Command("sh", "-c", c.shell+"\nexec \"$0\"", os.Args[0])
			cmd.Env = append(os.Environ(), programVariable+"=1", "GORACE=atexit_sleep_ms=0")
			stdin, err := cmd.StdinPipe()
			require.NoError(t, err)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer cmd.Process.Kill()
			says := bufio.NewScanner(stdout)
			says.Scan()
			got := []string{says.Text()}
			for i, s := range c.sent {
				if err := cmd.Process.Signal(s); err != nil {
					t.Error(err)
				}
				if i == 0 && strings.Contains(c.want, "ending") {
					says.Scan()
					got = append(got, says.Text())
				}
			}
			// A program that a signal ends at once does not wait for its input.
			if !strings.Contains(c.want, "signal") {
				stdin.Close()
			}
			for says.Scan() {
				got = append(got, says.Text())
			}
			end := "exit status 0"
			if err := cmd.Wait(); err != nil {
				end = err.Error()
			}
			if text := strings.Join(slices.Concat(got, []string{end}), ", "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}
