package strategy

import (
	"errors"
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/stream"
)

// families maps the networks of a dialer to address families.
var families = map[string]resolve.Family{"ip": resolve.FamilyBoth, "ip4": resolve.FamilyV4, "ip6": resolve.FamilyV6}

// Parts returns a resolver function for dialers of one loop with the given inbox. The function
// delivers each family as it arrives and suspends no task. Only tasks of that loop may use the
// dialer; several may use it at the same time.
func (r *Resolver) Parts(inbox *resolve.Inbox) stream.ResolveParts {
	return func(network, host string, deliver func(addrs []netip.Addr, more bool, err error)) (cancel func()) {
		family := families[network]
		answer, err := r.host.Try(host, family)
		if !errors.Is(err, resolve.ErrWouldBlock) {
			deliver(answer.Addrs(), false, err)
			return nil
		}
		query := &resolve.HostQuery{
			Name: host, Family: family, Deadline: time.Now().Add(resolveTimeoutMS * time.Millisecond), Inbox: inbox,
			Partial: func(a resolve.Answer) { deliver(a.AppendAddrs(nil), true, nil) },
			Done:    func(_ resolve.HostAnswer, err error) { deliver(nil, false, err) },
		}
		r.host.Start(query)
		return query.Cancel
	}
}
