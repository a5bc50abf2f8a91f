package dns

import (
	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

const long = `Measures lookups of names, against servers on this machine that answer at once, late, seldom or wrongly.`

// Command returns the command.
func Command() *cobra.Command {
	cmd := cli.Group("resolve", "Measure lookups of names: their cost, next to other resolvers, and their limits", long)
	cmd.AddCommand(costCommand(), limitsCommand(), sweepCommand())
	return cmd
}
