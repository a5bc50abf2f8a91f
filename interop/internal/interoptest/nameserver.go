package interoptest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// debianServers is the directory of servers on Debian. It is not in the PATH of every user.
const debianServers = "/usr/sbin"

// NameServer is a running DNS server on the loopback interface.
type NameServer struct {
	Addr, TLS, HTTPS netip.AddrPort // the last two are zero if the server has no such listener
	command          *exec.Cmd
}

// Reload sends SIGHUP: the server reads its configuration and its data again.
func (n *NameServer) Reload() error { return n.command.Process.Signal(syscall.SIGHUP) }

// Certificate is a certificate for the loopback address, in PEM files.
type Certificate struct{ Chain, Key string }

// ports chooses the addresses of a server whose main port is given.
func (n *NameServer) ports(t testing.TB, port string, secure bool) {
	at := func(port string) netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:" + port) }
	n.Addr = at(port)
	if secure {
		n.TLS, n.HTTPS = at(freePort(t)), at(freePort(t))
	}
}

// Zone is a zone and the file with its records.
type Zone struct{ Name, File string }

// NamedOptions sets what differs between servers of BIND.
type NamedOptions struct {
	Zones       []Zone
	Certificate *Certificate // with one, the server listens for TLS and HTTPS
	Options     string       // further statements of the block "options"
	Arguments   []string     // further arguments, such as those of its own tests
}

// Named starts the authoritative server of BIND. It recurses only if the options say so.
func Named(t testing.TB, o NamedOptions) *NameServer {
	t.Helper()
	program := Need(t, "named", debianServers)
	n := &NameServer{}
	startOn(t, syscall.SIGTERM, func(port string) *exec.Cmd {
		n.ports(t, port, o.Certificate != nil)
		dir := newDir(t)
		path := write(t, dir, "named.conf", n.named(dir, o))
		n.command = exec.Command(program, append([]string{"-g", "-n", "1", "-c", path}, o.Arguments...)...)
		n.command.Dir = dir
		return n.command
	}, replies)
	return n
}

func (n *NameServer) named(dir string, o NamedOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "controls { };\n")
	if o.Certificate != nil {
		fmt.Fprintf(&b, "tls own { cert-file %q; key-file %q; };\n", o.Certificate.Chain, o.Certificate.Key)
	}
	fmt.Fprintf(&b, "options {\n directory %q;\n pid-file none;\n session-keyfile none;\n notify no;\n listen-on-v6 { none; };\n", dir)
	fmt.Fprintf(&b, " max-records-per-type 0;\n listen-on port %d { 127.0.0.1; };\n", n.Addr.Port())
	if o.Certificate != nil {
		fmt.Fprintf(&b, " listen-on port %d tls own { 127.0.0.1; };\n listen-on port %d tls own http default { 127.0.0.1; };\n", n.TLS.Port(), n.HTTPS.Port())
	}
	if !strings.Contains(o.Options, "recursion") {
		fmt.Fprintf(&b, " recursion no;\n")
	}
	fmt.Fprintf(&b, " %s\n};\n", o.Options)
	for _, z := range o.Zones {
		fmt.Fprintf(&b, "zone %q { type primary; file %q; };\n", z.Name, z.File)
	}
	return b.String()
}

// Unbound starts an unbound, which recurses and validates. The text holds further lines of the
// clause "server", and then other clauses. With a certificate it listens for TLS and HTTPS.
func Unbound(t testing.TB, text string, c *Certificate) *NameServer {
	t.Helper()
	program := Need(t, "unbound", debianServers)
	n := &NameServer{}
	startOn(t, syscall.SIGTERM, func(port string) *exec.Cmd {
		n.ports(t, port, c != nil)
		var b strings.Builder
		fmt.Fprintf(&b, "server:\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n use-syslog: no\n do-daemonize: no\n")
		fmt.Fprintf(&b, " do-not-query-localhost: no\n num-threads: 1\n do-ip6: no\n interface: 127.0.0.1@%d\n port: %d\n", n.Addr.Port(), n.Addr.Port())
		if c != nil {
			fmt.Fprintf(&b, " interface: 127.0.0.1@%d\n interface: 127.0.0.1@%d\n tls-port: %d\n https-port: %d\n", n.TLS.Port(), n.HTTPS.Port(), n.TLS.Port(), n.HTTPS.Port())
			fmt.Fprintf(&b, " tls-service-pem: %q\n tls-service-key: %q\n", c.Chain, c.Key)
		}
		b.WriteString(text + "\nremote-control:\n control-enable: no\n")
		dir := newDir(t)
		n.command = exec.Command(program, "-d", "-c", write(t, dir, "unbound.conf", b.String()))
		n.command.Dir = dir
		return n.command
	}, replies)
	return n
}

// Dnsmasq starts a dnsmasq with that configuration besides its address.
func Dnsmasq(t testing.TB, text string) *NameServer {
	t.Helper()
	program := Need(t, "dnsmasq", debianServers)
	n := &NameServer{}
	startOn(t, syscall.SIGTERM, func(port string) *exec.Cmd {
		n.ports(t, port, false)
		var b strings.Builder
		fmt.Fprintf(&b, "port=%s\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-poll\npid-file=\nlog-facility=-\n", port)
		if os.Getuid() == 0 {
			b.WriteString("user=root\ngroup=root\n")
		}
		b.WriteString(text)
		dir := newDir(t)
		n.command = exec.Command(program, "--keep-in-foreground", "--conf-file="+write(t, dir, "dnsmasq.conf", b.String()))
		n.command.Dir = dir
		return n.command
	}, replies)
	return n
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replies asks a server for something. Any reply will do. The question has no EDNS.
func replies(ctx context.Context, addr string) error {
	query := new(dns.Msg).SetQuestion("ready.invalid.", dns.TypeA)
	var errs []error
	for _, network := range []string{"udp", "tcp"} {
		_, _, err := (&dns.Client{Net: network}).ExchangeContext(ctx, query, addr)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// SignZone signs a zone with a new key. It returns the signed zone, and the DNSKEY record that a
// validator must trust.
func SignZone(t testing.TB, z Zone) (signed Zone, anchor string) {
	t.Helper()
	keygen, signzone := Need(t, "dnssec-keygen", debianServers), Need(t, "dnssec-signzone", debianServers)
	dir := newDir(t)
	key, err := exec.Command(keygen, "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K", dir, z.Name).Output()
	if err != nil {
		t.Fatal(err)
	}
	signed = Zone{z.Name, filepath.Join(dir, "signed")}
	if out, err := exec.Command(signzone, "-S", "-z", "-K", dir, "-d", dir, "-o", z.Name, "-f", signed.File, z.File).CombinedOutput(); err != nil {
		t.Fatalf("dnssec-signzone: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, strings.TrimSpace(string(key))+".key"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, ";") {
			return signed, strings.TrimSpace(line)
		}
	}
	t.Fatalf("dnssec-keygen wrote no key:\n%s", text)
	return signed, ""
}

// Dig returns the lines that dig prints for a question in its short form.
func Dig(t testing.TB, server netip.AddrPort, name, kind string) []string {
	t.Helper()
	program := Need(t, "dig")
	out, err := exec.Command(program, "+short", "@"+server.Addr().String(), "-p", fmt.Sprint(server.Port()), name, kind).Output()
	if err != nil {
		t.Fatalf("dig: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}
