// Command lookup looks up one name or a million, on event loops.
package main

import (
	"context"
	"os"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

const usage = `usage: lookup [flags] NAME...
       lookup [flags] -i FILE

Looks up the addresses of each NAME, as the programs of this machine would: in the hosts file, then at the name servers
of resolv.conf, with the search list. The addresses are in the order in which a program should try them (RFC 6724).

With -t, lookup asks the name servers for records of one type. The name is then absolute, and the hosts file is not
read. -t PTR also takes an IP address, and asks for its name.

Each line of the output is one address or record: name, type, time to live in seconds, data, and the name that owns the
record if it is another one. Lines are in the order of the names, or as answers arrive with -unordered. A name without
an answer is a line on standard error (a line on standard output with -o json and -o csv). A summary follows on standard
error.

The exit code is 0 if every name has an answer, 1 if one has none (such as NXDOMAIN or a timeout), and 2 if the command
line is wrong.

Examples:
  lookup example.com                          addresses
  lookup -t MX example.com                    mail servers
  lookup -t PTR 192.0.2.1                     the name of an address
  lookup -server 192.0.2.53 -trace www.example.com
  lookup -tls dns.example@192.0.2.53 example.com
  lookup -https https://dns.example/dns-query@192.0.2.53 example.com
  lookup -i names.txt -j 500 -rate 2000 -o json > answers.json`

func main() { cli.Main("lookup", run) }

func run(ctx context.Context, args []string) error {
	c, err := parse(args, os.Stdin)
	if err != nil {
		return err
	}
	return lookup(ctx, c, os.Stdout, os.Stderr)
}
