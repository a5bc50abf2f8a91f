package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// The help of every command says what it is for, and names and explains its flags.
func TestHelp(t *testing.T) {
	t.Parallel()
	var visit func(cmd *cobra.Command, path []string)
	visit = func(cmd *cobra.Command, path []string) {
		if cmd.Short == "" || cmd.Hidden {
			t.Errorf("%s: got no short help, or is hidden", cmd.CommandPath())
		}
		var out strings.Builder
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(out.String()) {
			if len(strings.TrimRight(line, "\n")) > 240 {
				t.Errorf("%s: got a line of %d columns in the help", cmd.CommandPath(), len(line))
			}
		}
		for _, c := range cmd.Commands() {
			if !strings.Contains(out.String(), "\n  "+c.Name()) {
				t.Errorf("%s: the help does not list %s:\n%s", cmd.CommandPath(), c.Name(), out.String())
			}
			visit(c, append(path, c.Name()))
		}
	}
	visit(commands(), nil)
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {}, {"echo", "--help"}, {"help", "role"}, {"role"}, {"role", "pin", "--help"}, {"resolve"}, {"resolve", "sweep", "--help"}} {
		if r := runHere(args...); r.code != 0 || !strings.Contains(r.stdout, "Usage:") || r.stderr != "" {
			t.Errorf("%q: got %v, want the help", args, r)
		}
	}
}

// runHere runs the program in this process, which is faster.
func runHere(args ...string) result {
	var stdout, stderr strings.Builder
	root := commands()
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code := cli.Run(root, args)
	return result{code, stdout.String(), stderr.String()}
}

// The program itself ends with the code and writes where users expect it.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	if r := run(t, "help"); r.code != 0 || !strings.Contains(r.stdout, "Usage:") || r.stderr != "" {
		t.Errorf("help: got %v", r)
	}
	if r := run(t, "x"); r.code != 2 || r.stdout != "" || !strings.HasPrefix(r.stderr, "bench: ") {
		t.Errorf("misuse: got %v", r)
	}
	if r := run(t, "buffers", "--workload", "tiny", "--burst", "0", "--sockets", "0", "--json", "/dev/null/x", "--rounds", "1", "-d", "1ms", "--count", "1000", "--buffer", "fixed"); r.code != 1 || !strings.HasPrefix(r.stderr, "bench: ") {
		t.Errorf("failure: got %v", r)
	}
}

// Each invalid command line ends with code 2 and one line that names the fault.
func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	type misuse struct{ line, says string }
	table := []misuse{
		{"x", `unknown command "x"`},
		{"-x", "-x"},
		{"role x", `unknown command "x"`},
		{"role pin", "want a processor and a command"},
		{"role pin x y", `"x"`},
		{"echo --peers x", "--peers x"},
		{"compare --only x", "--only x"},
		{"compare --only=", "--only has no value"},
		{"compare --rounds 0", "--rounds 0: want more than 0"},
		{"compare --idle 0", "--idle 0: want more than 0"},
		{"compare -d 0s", "--duration 0s: want more than 0"},
		{"role compare-load --addr x", `--addr "x"`},
		{"role compare-load --addr 127.0.0.1:1 --kind x", "--kind x"},
		{"role compare-load --addr 127.0.0.1:1 --size 7", "--size 7: want at least 8"},
		{"role compare-load --addr 127.0.0.1:1 --rate 0", "--rate 0: want more than 0"},
		{"fair --task=", "--task has no value"},
		{"interrupt --kinds=", "--kinds has no value"},
		{"defer --sched x", "--sched x: unknown"},
		{"defer --queue x", "--queue x"},
		{"defer --loops 0", "--loops 0"},
		{"defer --sources 0", "--sources 0: want more than 0"},
		{"fair --rounds 0", "--rounds 0: want more than 0"},
		{"fair --every 0s", "--every 0s: want more than 0"},
		{"slow -d 1ms", "--duration 1ms"},
		{"slow --quiet 0s", "--quiet 0s: want more than 0"},
		{"idle -c 0", "--connections 0: want more than 0"},
		{"idle --server x", "--server x"},
		{"idle --mode edge,level", "--mode edge,level"},
		{"idle --queue x", "--queue x"},
		{"idle --ways epoll", "--ways epoll: want an event queue and -io"},
		{"buffers --buffer x", "--buffer x"},
		{"buffers --workload x", "--workload x"},
		{"buffers -c 0", "--connections 0: want more than 0"},
		{"burst --buffer bufio", "--buffer bufio"},
		{"burst --live 1", "--live 1"},
		{"forms -d 1ms", "want at least"},
		{"queue -n 3", "--messages 3"},
		{"resolve cost --peers x", "--peers x"},
		{"resolve cost --outstanding 0", "--outstanding 0: want more than 0"},
		{"resolve cost -d 0s", "--duration 0s: want more than 0"},
		{"resolve limits --hits 0", "--hits 0: want more than 0"},
		{"resolve sweep --strategy x", "--strategy x"},
		{"resolve sweep --hits 101", "--hits 101: want 0 to 100"},
		{"resolve sweep --users 0", "--users 0: want more than 0"},
		{"resolve sweep --delay -1s", "--delay -1s: want 0 or more"},
		{"resolve sweep extra", `"extra"`},
		{"role dns-responder --addr x", "--addr x"},
		{"role dns-responder --loss 2", "--loss 2: want 0 to 1"},
		{"role dns-client --server x", `--server "x"`},
		{"role dns-probe --measure x", "--measure x"},
		{"role dns-mix --server x", `--server "x"`},
		{"interrupt --kinds x", "--kinds x"},
		{"interrupt --errno x", "--errno x"},
		{"interrupt --queue x", "--queue x"},
		{"interrupt --mode x", "--mode x"},
		{"interrupt --transfers 0", "--transfers 0: want more than 0"},
	}
	for _, cmd := range commands().Commands() {
		if cmd.Name() == "help" {
			continue
		}
		table = append(table, misuse{cmd.Name() + " --nonsense", "--nonsense"}, misuse{cmd.Name() + " extra", `"extra"`})
	}
	for _, m := range table {
		r := runHere(strings.Fields(m.line)...)
		if r.code != 2 || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, "bench: ") || !strings.Contains(r.stderr, m.says) {
			t.Errorf("bench %s: got %v, want exit code 2 and one line that contains %q", m.line, r, m.says)
		}
	}
}
