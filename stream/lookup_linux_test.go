package stream_test

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/stretchr/testify/require"
)

func TestADialOfEveryAddressFallsBackToIPv4(t *testing.T) {
	l, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	require.NoError(t, err)
	defer l.Close()
	d := stream.Dialer{Waiter: park.Waiter{}}
	for _, host := range []string{"::", "0.0.0.0", ""} {
		c, err := d.DialContext(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(int(l.AddrPort().Port()))))
		if err != nil {
			t.Errorf("dial of host %q: %v, want nil", host, err)
			continue
		}
		c.Close()
	}
}
