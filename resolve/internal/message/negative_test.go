package message

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestNegativeAnswers(t *testing.T) {
	q := question(t, "www.example", resolve.TypeAAAA)
	link := cname("www.example.", 50, "a.test.")
	ok, nx := dnsmessage.Header{}, dnsmessage.Header{RCode: dnsmessage.RCodeNameError}
	at := func(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		text     string
		msg      []byte
		kind     Negative
		expires  time.Time
		referral bool
		target   string
	}{
		{"NXDOMAIN, minimum", reply(t, q, nx, authority, soa("example.", 300, 60)), NXDomain, at(60), false, ""},
		{"NXDOMAIN, TTL", reply(t, q, nx, authority, ns("example.", "n."), soa("example.", 30, 60)), NXDomain, at(30), false, ""},
		{"NXDOMAIN, no SOA", reply(t, q, nx), NXDomain, time.Time{}, false, ""},
		{"NXDOMAIN, SOA of another zone", reply(t, q, nx, authority, soa("test.", 30, 60)), NXDomain, time.Time{}, false, ""},
		{"NXDOMAIN, SOA of the root", reply(t, q, nx, authority, soa(".", 30, 60)), NXDomain, at(30), false, ""},
		{"NXDOMAIN at the end of a chain", reply(t, q, nx, link, authority, soa("test.", 300, 60)), NXDomain, at(50), false, ""},
		{"NXDOMAIN, chain, SOA of the question", reply(t, q, nx, link, authority, soa("example.", 300, 60)), NXDomain, at(50), false, ""},
		{"NXDOMAIN with an address", reply(t, q, nx, aaaa("www.example.", 9, "2001:db8::1"), authority, soa("example.", 300, 60)), NXDomain, at(60), false, ""},
		{"NODATA", reply(t, q, ok, authority, soa("EXAMPLE.", 300, 60)), NoData, at(60), false, ""},
		{"NODATA, another type", reply(t, q, ok, a("www.example.", 9, "192.0.2.1"), authority, soa("example.", 300, 60)), NoData, at(60), false, ""},
		{"NODATA, no SOA", reply(t, q, ok), NoData, time.Time{}, false, ""},
		{"NODATA, chain", reply(t, q, ok, link, authority, soa("test.", 300, 60)), NoData, at(50), false, ""},
		{"NODATA, large TTL", reply(t, q, ok, authority, soa("example.", 1<<31, 1<<31)), NoData, epoch.Add(MaxTTL), false, ""},
		{"referral", reply(t, q, ok, authority, ns("example.", "n.")), NoData, time.Time{}, true, ""},
		{"NS and SOA", reply(t, q, ok, authority, ns("example.", "n."), soa("example.", 300, 60)), NoData, at(60), false, ""},
		{"chain without end", reply(t, q, ok, link), NotNegative, at(50), false, "a.test"},
		{"chain to no host name", reply(t, q, ok, cname("www.example.", 50, "<script>.")), NoData, time.Time{}, false, ""},
		{"address of another owner", reply(t, q, ok, aaaa("x.example.", 9, "2001:db8::1")), NoData, time.Time{}, false, ""},
		{"address in the authority section", reply(t, q, ok, authority, aaaa("www.example.", 9, "2001:db8::1")), NoData, time.Time{}, false, ""},
		{"SERVFAIL", reply(t, q, dnsmessage.Header{RCode: 2}, authority, soa("example.", 300, 60)), NotNegative, time.Time{}, false, ""},
		{"truncated", reply(t, q, dnsmessage.Header{Truncated: true}), NotNegative, time.Time{}, false, ""},
	} {
		r := mustRead(t, c.msg, q)
		require.False(t, r.Answered, c.text)
		require.Equal(t, c.kind, r.Negative, c.text)
		require.Equal(t, c.expires, r.Expires, c.text)
		require.Equal(t, c.referral, r.Referral, c.text)
		require.Equal(t, c.target, r.ChainTarget.String(), c.text)
	}
}
