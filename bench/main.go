// Command bench measures the parts of edgewise and checks promises that only a whole program can
// break. It compares servers side by side: each gets the same load, in turns, with one processor
// for the server and another for the load. It prints medians and ratios. An absolute figure means
// little on a machine that is also used otherwise.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/buffers"
	"github.com/edgewise-go/edgewise/bench/burst"
	"github.com/edgewise-go/edgewise/bench/compare"
	"github.com/edgewise-go/edgewise/bench/deferral"
	"github.com/edgewise-go/edgewise/bench/dns"
	"github.com/edgewise-go/edgewise/bench/echo"
	"github.com/edgewise-go/edgewise/bench/fair"
	"github.com/edgewise-go/edgewise/bench/forms"
	"github.com/edgewise-go/edgewise/bench/idle"
	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/server"
	"github.com/edgewise-go/edgewise/bench/interrupt"
	"github.com/edgewise-go/edgewise/bench/profile"
	"github.com/edgewise-go/edgewise/bench/queue"
	"github.com/edgewise-go/edgewise/bench/slow"
)

func main() { os.Exit(cli.Run(commands(), os.Args[1:])) }

const long = `Measures the parts of edgewise, and checks promises that only a whole program can break.

Servers are compared side by side: each gets the same load, in turns, with one processor for the server and another for
the load. Results are medians, and ratios to another server measured in the same run. Exit codes: 0 for success, 1 if a
measurement failed or a promise was broken, 2 for an invalid command line.

bench runs in the workspace, on Linux. buffers, burst and defer run on other systems too.`

const roleLong = `The commands that measure start these in processes of their own, so that servers and loads do not share memory, a
scheduler or a processor. Start one yourself to debug or profile it.`

// commands returns the table of all commands.
func commands() *cobra.Command {
	root := cli.Group("bench", "Measure edgewise", long)
	const servers, parts, promises, processes = "servers", "parts", "promises", "processes"
	root.AddGroup(
		&cobra.Group{ID: servers, Title: "Measure servers:"},
		&cobra.Group{ID: parts, Title: "Measure parts:"},
		&cobra.Group{ID: promises, Title: "Check promises:"},
		&cobra.Group{ID: processes, Title: "Other commands:"},
	)
	for _, c := range []struct {
		group string
		cmd   *cobra.Command
	}{
		{servers, echo.Command()},
		{servers, compare.Command()},
		{servers, forms.Command()},
		{servers, idle.Command()},
		{servers, fair.Command()},
		{servers, slow.Command()},
		{servers, profile.Command()},
		{parts, queue.Command()},
		{parts, buffers.Command()},
		{parts, burst.Command()},
		{parts, dns.Command()},
		{promises, deferral.Command()},
		{promises, interrupt.Command()},
		{processes, roles()},
	} {
		c.cmd.GroupID = c.group
		root.AddCommand(c.cmd)
	}
	root.SetHelpCommandGroupID(processes)
	return root
}

// roles returns the commands that other commands start.
func roles() *cobra.Command {
	cmd := cli.Group(process.Group, "Processes that the commands above start", roleLong)
	cmd.AddCommand(
		process.Pin(),
		server.Net(), server.TLS(),
		idle.Load(),
		compare.Load(),
		fair.Ping(), fair.Flood(),
		queue.Server(), queue.Load(),
		burst.Load(),
		dns.Responder(), dns.Client(), dns.Probe(), dns.Mix(),
		interrupt.Transfers(),
	)
	return cmd
}
