// Command echo serves the echo protocol (RFC 862, over TCP) on event loops, and loads such a server
// while verifying every byte.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

const usage = `usage: echo serve [flags]    send back whatever arrives
       echo load [flags]     load an echo server and verify what comes back

"echo serve -h" and "echo load -h" list the flags.`

func main() { cli.Main("echo", run) }

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return cli.Usagef("want serve or load (see echo -h)")
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:])
	case "load":
		return load(ctx, args[1:])
	case "-h", "-help", "--help", "help":
		fmt.Fprintln(os.Stdout, usage)
		return nil
	}
	return cli.Usagef("%q: want serve or load%s", args[0], hint(args[0]))
}

// hint helps a user that omitted the word before the flags.
func hint(arg string) string {
	if strings.HasPrefix(arg, "-") {
		return " before the flags"
	}
	return ""
}
