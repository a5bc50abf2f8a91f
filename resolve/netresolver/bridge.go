package netresolver

import (
	"context"
	"net"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
)

// Bridge returns a *net.Resolver that asks strategy, for code that takes no other type, such as
// net.Dialer and what builds on it. Close of the strategy remains the caller's.
//
// The net.Resolver is the one in Go: it reads the hosts file and the search list of the machine
// itself, and asks for one name after the other. Where the machine has several name servers, it
// asks the strategy once per server and attempt, until there is an answer; the addresses of the
// servers do not matter. It blocks the goroutine that calls it, so a task should use [Resolver].
//
// Dial returns connections in memory: packets for the network udp, with replies of 512 bytes or the
// size that the query allows, and a stream with length prefixes for others (RFC 1035, section 4.2).
// A reply to a failure has the code SERVFAIL. A query that the strategy lets time out gets none:
// the Read fails. A connection ends with the context of its Dial.
func Bridge(strategy resolve.Strategy) *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c := newConn(ctx, strategy, name{network, address})
			if strings.HasPrefix(network, "udp") {
				return packets{c}, nil
			}
			return c, nil
		},
	}
}

// name is the address of a server as the net.Resolver knows it.
type name struct{ network, address string }

func (n name) Network() string { return n.network }
func (n name) String() string  { return n.address }
