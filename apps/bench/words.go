package main

import (
	"flag"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// parseWords parses the flags of a benchmark that takes no words.
func parseWords(fs *flag.FlagSet, args []string, usage string) error {
	if err := cli.Parse(fs, args, usage); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return cli.Usagef("unexpected argument %q (see %s -h)", fs.Arg(0), fs.Name())
	}
	return nil
}
