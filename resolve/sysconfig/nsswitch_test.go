package sysconfig

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestNSSwitch(t *testing.T) {
	mod := func(name string, criteria ...Criterion) Module { return Module{Name: name, Criteria: criteria} }
	for _, x := range []struct {
		name, text string
		want       []Module
		warnings   int
	}{
		{"missing", "passwd: files\n", nil, 0},
		{"usual", "passwd: files\nhosts: files dns\n", []Module{mod("files"), mod("dns")}, 0},
		{"tabs, comment, case", "hosts:\t Files\tDNS # mdns\n", []Module{mod("files"), mod("dns")}, 0},
		{"blanks before the colon", " hosts : files\n", []Module{mod("files")}, 0},
		{"no blank after the colon", "hosts:files dns", []Module{mod("files"), mod("dns")}, 0},
		{"CRLF", "hosts: dns files\r\n", []Module{mod("dns"), mod("files")}, 0},
		{"last line", "hosts: files\nhosts: dns\n", []Module{mod("dns")}, 0},
		{"another database", "hosts6: files\nxhosts: files\n", nil, 0},
		{"criteria", "hosts: mymachines resolve [!UNAVAIL=return] files dns [NotFound=return TRYAGAIN=continue]\n", []Module{
			mod("mymachines"), mod("resolve", Criterion{true, StatusUnavail, ActionReturn}), mod("files"),
			mod("dns", Criterion{false, StatusNotFound, ActionReturn}, Criterion{false, StatusTryAgain, ActionContinue})}, 0},
		{"criteria without blanks", "hosts: mdns4_minimal[NOTFOUND=return]dns\n", []Module{
			mod("mdns4_minimal", Criterion{false, StatusNotFound, ActionReturn}), mod("dns")}, 0},
		{"unknown criterion", "hosts: files [FOO=bar] dns\n", []Module{mod("files", Criterion{false, "foo", "bar"}), mod("dns")}, 1},
		{"no bracket", "hosts: files [NOTFOUND=return dns\n", []Module{
			mod("files", Criterion{false, StatusNotFound, ActionReturn}, Criterion{false, "dns", ""})}, 2},
		{"criterion first", "hosts: [NOTFOUND=return] files\n", []Module{mod("files")}, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, warnings, err := ParseNSSwitch(strings.NewReader(x.text))
			require.NoError(t, err)
			require.Equal(t, x.want, got)
			require.Len(t, warnings, x.warnings, "%q", warnings)
		})
	}
	got, _, err := ParseNSSwitch(strings.NewReader("hosts: " + strings.Repeat("files [NOTFOUND=return]", 1000) + strings.Repeat("[x=y]", 100)))
	require.NoError(t, err)
	require.Len(t, got, MaxModules)
}

func TestAfter(t *testing.T) {
	got, _, err := ParseNSSwitch(strings.NewReader("hosts: files resolve [!UNAVAIL=return] dns [!SUCCESS=return NOTFOUND=continue]"))
	require.NoError(t, err)
	all := []Status{StatusSuccess, StatusNotFound, StatusUnavail, StatusTryAgain}
	for i, want := range [][]Action{
		{ActionReturn, ActionContinue, ActionContinue, ActionContinue},
		{ActionReturn, ActionReturn, ActionContinue, ActionReturn},
		{ActionReturn, ActionContinue, ActionReturn, ActionReturn},
	} {
		for j, s := range all {
			require.Equal(t, want[j], got[i].After(s), "%v after %v", got[i], s)
		}
	}
}

func TestNeedsSystem(t *testing.T) {
	for _, x := range []struct {
		line  string
		any   bool
		names string // the names of the list below that need the system
	}{
		{"files dns", false, ""},
		{"files cache dns", false, ""},
		{"files myhostname dns", false, "host.example _gateway"},
		{"files mdns4_minimal [NOTFOUND=return] dns", true, "printer.local 1.0.0.0.8.e.f.ip6.arpa"},
		{"mymachines files dns", true, "host"},
		{"mymachines resolve [!UNAVAIL=return] files dns", true, "all"},
		{"files sss dns", true, "all"},
		{"files dns winbind", true, "all"},
		{"files [FOO=bar] dns", true, "all"},
		{"files dns [SUCCESS=merge]", true, "all"},
	} {
		hosts, _, err := ParseNSSwitch(strings.NewReader("hosts: " + x.line))
		require.NoError(t, err)
		c := &Settings{Lookup: hosts, hostname: "Host.Example"}
		needed, reason := c.NeedsSystem()
		require.Equal(t, x.any, needed, x.line)
		require.Equal(t, needed, reason != "", x.line)
		names := strings.Fields("host.example _gateway printer.local 1.0.0.0.8.e.f.ip6.arpa host www.example xlocal")
		var got []string
		for _, text := range names {
			name, err := resolve.ParseName(text)
			require.NoError(t, err)
			if needed, reason := c.NameNeedsSystem(name); needed {
				require.NotEmpty(t, reason)
				got = append(got, text)
			}
		}
		want := strings.Fields(x.names)
		switch {
		case x.names == "all":
			want = names
		case strings.HasPrefix(x.line, "mymachines files"):
			want = []string{"_gateway", "host", "xlocal"}
		}
		require.ElementsMatch(t, want, got, x.line)
		literal, err := resolve.ParseName("192.0.2.1")
		require.NoError(t, err)
		needed, _ = c.NameNeedsSystem(literal)
		require.False(t, needed)
	}
}
