//go:build unix

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

var program apptest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestHelp(t *testing.T) { program.CheckHelp(t, "-h") }

func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := write(t, "\n# nothing\n  \n")
	missing := filepath.Join(dir, "missing")
	const name = "www.example.test"
	program.CheckMisuse(t, []apptest.Misuse{
		{Args: nil, Code: 2, Says: "no NAME given"},
		{Args: []string{"-x", name}, Code: 2, Says: "-x"},
		{Args: []string{"-t", "FOO", name}, Code: 2, Says: "-t FOO: unknown type: want a name such as AAAA"},
		{Args: []string{"-t", "TYPE65536", name}, Code: 2, Says: "up to 65535"},
		{Args: []string{"-j", "0", name}, Code: 2, Says: "-j 0: want 1 to 65536"},
		{Args: []string{"-rate", "-1", name}, Code: 2, Says: "-rate -1"},
		{Args: []string{"-timeout", "0s", name}, Code: 2, Says: "-timeout 0s"},
		{Args: []string{"-o", "xml", name}, Code: 2, Says: "-o xml: unknown; want one of table|json|csv"},
		{Args: []string{"-server", "dns.example", name}, Code: 2, Says: `"dns.example" is no IP address`},
		{Args: []string{"-server", "127.0.0.1:0", name}, Code: 2, Says: "want 1 to 65535"},
		{Args: []string{"-server", "127.0.0.1:70000", name}, Code: 2, Says: "want 1 to 65535"},
		{Args: []string{"-tls", "127.0.0.1", name}, Code: 2, Says: "want NAME@ADDR"},
		{Args: []string{"-tls", "a..b@127.0.0.1", name}, Code: 2, Says: "empty label"},
		{Args: []string{"-https", "https://dns.example/", name}, Code: 2, Says: "want URL@ADDR"},
		{Args: []string{"-https", "http://dns.example/@127.0.0.1", name}, Code: 2, Says: "want https://HOST/PATH"},
		{Args: append(slices.Repeat([]string{"-server", "127.0.0.1"}, 17), name), Code: 2, Says: "more than 16 servers"},
		{Args: []string{"-cacert", missing, name}, Code: 2, Says: "no such file"},
		{Args: []string{"-cacert", empty, name}, Code: 2, Says: "no certificate in it"},
		{Args: []string{"-resolv-conf", missing, name}, Code: 2, Says: "-resolv-conf: stat " + missing + ": no such file"},
		{Args: []string{"-resolv-conf", dir, name}, Code: 2, Says: "-resolv-conf " + dir},
		{Args: []string{"-hosts", missing, "-server", "127.0.0.1", name}, Code: 2, Says: "-hosts: stat"},
		{Args: []string{"-hosts", empty, "-no-hosts", name}, Code: 2, Says: "do not go together"},
		{Args: []string{"-hosts", empty, "-t", "A", name}, Code: 2, Says: "-hosts does not go with -t"},
		{Args: []string{"-search", "a..b", name}, Code: 2, Says: `-search: suffix "a..b": malformed name: empty label`},
		{Args: []string{"-search", "127.0.0.1", name}, Code: 2, Says: "no suffix"},
		{Args: []string{"-search", "a", "-no-search", name}, Code: 2, Says: "do not go together"},
		{Args: []string{"-search", "a", "-t", "A", name}, Code: 2, Says: "-search does not go with -t"},
		{Args: []string{"-4", "-t", "A", name}, Code: 2, Says: "use -t A or -t AAAA"},
		{Args: []string{"-resolve", "x", name}, Code: 2, Says: "-resolve x: unknown; want one of adaptive|blocking|pool|evented"},
		{Args: []string{"-resolve", "pool", "-t", "MX", name}, Code: 2, Says: "no place for -t: use -resolve evented"},
		{Args: []string{"-resolve", "blocking", "-server", "127.0.0.1", name}, Code: 2, Says: "no place for -server"},
		{Args: []string{"-mode", "x", name}, Code: 2, Says: "edge|level|oneshot"},
		{Args: []string{"-queue", "kqueue", name}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"-sched", "single", "-loops", "2", name}, Code: 2, Says: "-sched sharded"},
		{Args: []string{"-i", empty, name}, Code: 2, Says: "do not go together"},
		{Args: []string{"-i", missing}, Code: 2, Says: "no such file"},
		{Args: []string{"-i", dir}, Code: 2, Says: "is a directory"},
		{Args: []string{"-i", empty, "-server", "127.0.0.1", "-no-search"}, Code: 2, Says: "no name in the list"},
	})
}

// write writes a file in a directory of the test.
func write(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// example is the zone of most tests.
var example = zone{
	"www.example.test. A":         {a("192.0.2.1"), a("192.0.2.2")},
	"www.example.test. AAAA":      {aaaa("2001:db8::1")},
	"four.example.test. A":        {a("192.0.2.4")},
	"example.test. MX":            {mx(20, "b.example.test."), mx(10, "a.example.test.")},
	"example.test. TXT":           {&dnsmessage.TXTResource{TXT: []string{"v=spf1 -all", `"quoted"`}}},
	"example.test. HTTPS":         {&dnsmessage.UnknownResource{Type: 65, Data: []byte{0, 1, 0}}},
	"1.2.0.192.in-addr.arpa. PTR": {&dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("www.example.test.")}},
	"app.corp.test. A":            {a("192.0.2.7")},
	"other.corp.test. TXT":        {&dnsmessage.TXTResource{TXT: []string{"no address"}}},
}

// script also answers TYPE65 and an alias.
func exampleScript(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
	if q.Type == 65 && q.Name.String() == "example.test." {
		return []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: 65, Class: dnsmessage.ClassINET, TTL: 300},
			Body: example["example.test. HTTPS"][0]}}, 0
	}
	switch q.Name.String() {
	case "broken.example.test.":
		return nil, 2
	case "alias.example.test.":
		target := q
		target.Name = dnsmessage.MustNewName("four.example.test.")
		answers, _ := example.script(target)
		alias := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 300}, Body: &dnsmessage.CNAMEResource{CNAME: target.Name}}
		return append([]dnsmessage.Resource{alias}, answers...), 0
	}
	return example.script(q)
}

// look runs the program with a server and no configuration of the machine, and checks its exit
// code.
func look(t testing.TB, v *server, code int, args ...string) apptest.Result {
	t.Helper()
	r := program.Run(t, "", nil, append([]string{"-server", v.addr, "-no-search", "-no-hosts", "-timeout", noTimeout}, args...)...)
	if r.Code != code {
		t.Errorf("lookup %v: got exit code %d, want %d; standard output %q; standard error:\n%s", args, r.Code, code, r.Stdout, r.Stderr)
	}
	return r
}

// ttl matches a TTL of 300 after a while, in each format.
var ttl = regexp.MustCompile(`("ttl":| )2[0-9][0-9]([ ,])`)

// asSent returns text with a TTL of 300, whatever has passed since.
func asSent(text string) string { return ttl.ReplaceAllString(text, "${1}300${2}") }

// table returns the columns of the lines of a table, joined by one blank, with the TTL as sent.
func table(r apptest.Result) []string {
	var lines []string
	for line := range strings.Lines(r.Stdout) {
		lines = append(lines, asSent(strings.Join(strings.Fields(line), " ")))
	}
	return lines
}

// lookedUp returns how many questions the servers were asked, without retransmissions, which depend
// on the speed of the machine.
func lookedUp(t testing.TB, r apptest.Result) int {
	t.Helper()
	var sent, again int
	_, after, _ := strings.Cut(r.Stderr, "queries: ")
	_, err := fmt.Sscanf(after, "%d sent, %d retransmitted", &sent, &again)
	require.NoError(t, err, r.Stderr)
	return sent - again
}

func TestHostLookup(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	r := look(t, v, 0, "WWW.Example.test")
	got := table(r)
	slices.Sort(got)
	require.Equal(t, []string{"WWW.Example.test A 300 192.0.2.1", "WWW.Example.test A 300 192.0.2.2", "WWW.Example.test AAAA 300 2001:db8::1"}, got)
	require.Contains(t, r.Stderr, "1 name in ")
	require.Contains(t, r.Stderr, ": 1 NOERROR; latency ")
	require.Equal(t, 2, lookedUp(t, r))
	require.Contains(t, r.Stderr, "; cache: 0 hits, 2 misses\n")

	require.Equal(t, []string{"alias.example.test A 300 192.0.2.4 four.example.test"}, table(look(t, v, 0, "-q", "alias.example.test")))
	require.Equal(t, []string{"www.example.test AAAA 300 2001:db8::1"}, table(look(t, v, 0, "-6", "www.example.test")))
	require.Len(t, table(look(t, v, 0, "-4", "www.example.test")), 2)
	require.Equal(t, []string{"192.0.2.9 A - 192.0.2.9", "localhost A - 127.0.0.1"}, table(look(t, v, 0, "-4", "192.0.2.9", "localhost")))
	require.Zero(t, v.times("A localhost."), "localhost is no name of the DNS")
}

func TestRecords(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	for _, c := range []struct {
		kind, name string
		want       []string
	}{
		{"MX", "example.test", []string{"example.test MX 300 20 b.example.test.", "example.test MX 300 10 a.example.test."}},
		{"mx", "Example.test.", []string{"Example.test. MX 300 20 b.example.test.", "Example.test. MX 300 10 a.example.test."}},
		{"TXT", "example.test", []string{`example.test TXT 300 "v=spf1 -all" "\"quoted\""`}},
		{"TYPE65", "example.test", []string{"example.test HTTPS 300 1 ."}},
		{"A", "four.example.test", []string{"four.example.test A 300 192.0.2.4"}},
		{"PTR", "192.0.2.1", []string{"192.0.2.1 PTR 300 www.example.test. 1.2.0.192.in-addr.arpa"}},
		{"PTR", "1.2.0.192.in-addr.arpa", []string{"1.2.0.192.in-addr.arpa PTR 300 www.example.test."}},
	} {
		require.Equal(t, c.want, table(look(t, v, 0, "-t", c.kind, c.name)), "%s %s", c.kind, c.name)
	}
	r := look(t, v, 1, "-t", "PTR", "2001:db8::1")
	require.Positive(t, v.times("PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."))
	require.Contains(t, r.Stderr, "lookup: 2001:db8::1: no such host (NXDOMAIN from "+v.addr+")\n")
}

// dig and lookup agree about the same server.
func TestDigAgrees(t *testing.T) {
	t.Parallel()
	dig := apptest.Need(t, "dig")
	v := serve(t, exampleScript)
	host, port, _ := strings.Cut(v.addr, ":")
	for _, q := range [][2]string{{"MX", "example.test"}, {"TXT", "example.test"}, {"A", "www.example.test"}, {"AAAA", "www.example.test"}, {"PTR", "1.2.0.192.in-addr.arpa"}} {
		want := runOther(t, dig, "@"+host, "-p", port, "+short", q[1], q[0])
		var got strings.Builder
		for line := range strings.Lines(look(t, v, 0, "-t", q[0], "-o", "json", q[1]).Stdout) {
			var l lineJSON
			require.NoError(t, json.Unmarshal([]byte(line), &l))
			for _, x := range l.Answers {
				got.WriteString(x.Data + "\n")
			}
		}
		require.Equal(t, want, got.String(), "%v", q)
	}
}

// Names without an answer are reported one by one, and the others are looked up.
func TestFailures(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	long := strings.Repeat("x", 64)
	list := write(t, "missing.example.test\n\n  # a comment\nfour.example.test # another\na..b\n"+long+".test\nbroken.example.test\nexample.test\nb\u00fccher.test\n"+
		strings.Repeat("y", lineBytes)+"\nspaced name\n\x1b[31m.test\nalias.example.test")
	r := look(t, v, 1, "-i", list, "-4")
	require.Equal(t, []string{"four.example.test A 300 192.0.2.4", "alias.example.test A 300 192.0.2.4 four.example.test"}, table(r))
	lines := strings.Split(r.Stderr, "\n")
	from := " from " + v.addr + ")"
	want := []string{
		"lookup: missing.example.test: no such host (NXDOMAIN" + from,
		`lookup: line 5: "a..b": malformed name: empty label`,
		`lookup: line 6: "` + long + `.test": malformed name: label longer than 63 bytes`,
		"lookup: broken.example.test: temporary failure: SERVFAIL (from " + v.addr + ")",
		"lookup: example.test: no data of this type (from " + v.addr + ")",
		"lookup: line 9: \"b\u00fccher.test\": malformed name: character not allowed (letters, digits, '-' and '_' are; write international names in their xn-- form)",
		fmt.Sprintf("lookup: line 10: line longer than %d bytes: want one name per line", lineBytes),
		`lookup: line 11: "spaced name": malformed name: character not allowed (letters, digits, '-' and '_' are; write international names in their xn-- form)`,
		`lookup: line 12: "\x1b[31m.test": malformed name: character not allowed (letters, digits, '-' and '_' are; write international names in their xn-- form)`,
	}
	require.Equal(t, want, lines[:min(len(want), len(lines))])
	require.Contains(t, r.Stderr, ": 6 BADNAME, 2 NOERROR, 1 NODATA, 1 NXDOMAIN, 1 SERVFAIL; latency p50 ")

	r = look(t, v, 1, "-i", list, "-4", "-q")
	require.Len(t, table(r), 2)
	require.Empty(t, r.Stderr)
}

// A server that never answers is given up after the timeout, which the message names.
func TestTimeout(t *testing.T) {
	t.Parallel()
	v := serve(t, func(dnsmessage.Question) ([]dnsmessage.Resource, int) { return nil, silence })
	r := look(t, v, 1, "-t", "A", "-timeout", "100ms", "www.example.test")
	require.Contains(t, r.Stderr, "lookup: www.example.test: timed out (no answer from "+v.addr+"); the limit is -timeout 100ms\n")
	require.Contains(t, r.Stderr, ": 1 TIMEOUT; ")
}

func TestDeadFirstServer(t *testing.T) {
	t.Parallel()
	dead := serve(t, func(dnsmessage.Question) ([]dnsmessage.Resource, int) { return nil, silence })
	v := serve(t, exampleScript)
	r := program.Run(t, "", nil, "-server", dead.addr, "-server", v.addr, "-no-search", "-no-hosts", "-timeout", noTimeout, "www.example.test")
	require.Equal(t, 0, r.Code, r.Stderr)
	require.Len(t, table(r), 3)
	require.Positive(t, dead.total())
	require.NotContains(t, r.Stderr, " 0 retransmitted")
}

// noTimeout is a timeout for runs in which every name gets its answer. It only ends a hang.
const noTimeout = "85s"

func TestJSON(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	r := look(t, v, 1, "-o", "json", "-i", write(t, "alias.example.test\nmissing.example.test\na..b\nalias.example.test\n"), "-4", "-j", "1")
	var lines []lineJSON
	for text := range strings.Lines(r.Stdout) {
		var l lineJSON
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		l.Milliseconds = 0
		for i := range l.Answers {
			require.InDelta(t, 300, *l.Answers[i].TTL, 85)
			l.Answers[i].TTL = nil
		}
		lines = append(lines, l)
	}
	answers := []answerJSON{{Type: "A", Data: "192.0.2.4"}}
	alias := lineJSON{Name: "alias.example.test", Status: "NOERROR", Answers: answers, Absolute: "alias.example.test", Owner: "four.example.test", Origin: "udp", Server: v.addr, Line: 1}
	again := alias
	again.Cached, again.Line = true, 4
	require.Equal(t, []lineJSON{
		alias,
		{Name: "missing.example.test", Status: "NXDOMAIN", Answers: []answerJSON{}, Error: "no such host (NXDOMAIN from " + v.addr + ")", Line: 2},
		{Name: "a..b", Status: "BADNAME", Answers: []answerJSON{}, Error: "malformed name: empty label", Line: 3},
		again,
	}, lines)
	require.Contains(t, r.Stderr, "cache: 1 hits, 2 misses")
	require.NotContains(t, r.Stderr, "missing", "the failure is a line on standard output")
}

func TestCSV(t *testing.T) {
	t.Parallel()
	v := serve(t, exampleScript)
	r := look(t, v, 1, "-o", "csv", "-t", "TXT", "example.test", "missing.example.test")
	got, err := csv.NewReader(strings.NewReader(r.Stdout)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"name", "status", "type", "ttl", "data", "owner", "server", "error"},
		{"example.test", "NOERROR", "TXT", "300", `"v=spf1 -all" "\"quoted\""`, "example.test", v.addr, ""},
		{"missing.example.test", "NXDOMAIN", "", "", "", "", "", "no such host (NXDOMAIN from " + v.addr + ")"},
	}, got)
}
