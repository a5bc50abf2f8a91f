package idle

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// Hold returns the growth of the resident memory of a server, in bytes per connection, from the
// start to n connections that have had one message each. reports means that the server frees its
// memory before each report.
func Hold(ctx context.Context, server *process.Server, reports bool, n int) (perConn float64, err error) {
	before, err := resident(ctx, server, reports)
	if err != nil {
		return 0, err
	}
	all, err := startClients(ctx, server.Addr, n, false)
	defer func() { err = errors.Join(err, all.end()) }()
	if err != nil {
		return 0, err
	}
	for range 2 { // connect, and a message
		if err := all.next(); err != nil {
			return 0, err
		}
	}
	after, err := resident(ctx, server, reports)
	return float64(after-before) / float64(n), err
}

func resident(ctx context.Context, server *process.Server, reports bool) (int, error) {
	if reports {
		if _, err := server.NextReport(ctx, 0); err != nil {
			return 0, err
		}
	}
	return server.Resident()
}
