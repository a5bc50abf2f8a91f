package dns

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
)

//go:embed peer/getaddrinfo.c
var getaddrinfoSource []byte

//go:embed peer/cares.c
var caresSource []byte

// peer is a client to compare.
type peer struct {
	word string // in --peers
	name string

	// command makes the command line. It may build a program in dir.
	command func(ctx context.Context, c *cost, dir string, server netip.AddrPort) ([]string, error)
}

// role returns the command of a client that is a role of this program.
func role(resolver string) func(context.Context, *cost, string, netip.AddrPort) ([]string, error) {
	return func(_ context.Context, c *cost, _ string, server netip.AddrPort) ([]string, error) {
		return process.Self(clientWord, "--resolver", resolver, "--server", server.String(), "--outstanding", strconv.Itoa(c.outstanding),
			"--warmup", c.warmup.String(), "--duration", c.duration.String())
	}
}

// peers returns all clients. The first one is the yardstick.
func peers() []peer {
	return []peer{
		{eventedName, "edgewise, evented, connections of package net", role(eventedName)},
		{loopsName, "edgewise, evented, connections of event loops", role(loopsName)},
		{goName, "Go, net.Resolver, a goroutine per lookup", role(goName)},
		{"getaddrinfo", "C, getaddrinfo, a thread per lookup", buildGetaddrinfo},
		{"cares", "C, c-ares, one thread with epoll", buildCares},
	}
}

func peerWords() []string {
	var words []string
	for _, p := range peers() {
		words = append(words, p.word)
	}
	return words
}

func milliseconds(c *cost) []string {
	return []string{strconv.Itoa(c.outstanding), strconv.FormatInt(c.warmup.Milliseconds(), 10), strconv.FormatInt(c.duration.Milliseconds(), 10)}
}

func compile(ctx context.Context, dir, name string, source []byte, flags ...string) (string, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", err
	}
	file, path := filepath.Join(dir, name+".c"), filepath.Join(dir, name)
	if err := os.WriteFile(file, source, 0o666); err != nil {
		return "", err
	}
	return path, program.Build(ctx, path, cc, append([]string{"-O2", "-Wall", "-o", path, file}, flags...)...)
}

func buildCares(ctx context.Context, c *cost, dir string, server netip.AddrPort) ([]string, error) {
	path, err := compile(ctx, dir, "cares", caresSource, "-lcares")
	if err != nil {
		return nil, fmt.Errorf("want the library c-ares with its headers: %w", err)
	}
	return append([]string{path, server.Addr().String(), strconv.Itoa(int(server.Port()))}, milliseconds(c)...), nil
}

// dnsPort is the only port that getaddrinfo asks: resolv.conf(5) has no ports.
const dnsPort = 53

// underConfiguration runs a program in a mount namespace, where it finds other files of the
// configuration. Its arguments are the two files, and the program with its arguments.
const underConfiguration = `mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"`

func buildGetaddrinfo(ctx context.Context, c *cost, dir string, server netip.AddrPort) ([]string, error) {
	if server.Port() != dnsPort {
		return nil, fmt.Errorf("want a server on port %d, which needs privileges and a free port, not %v", dnsPort, server)
	}
	path, err := compile(ctx, dir, "getaddrinfo", getaddrinfoSource, "-pthread")
	if err != nil {
		return nil, err
	}
	resolv, nsswitch := filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "nsswitch.conf")
	if err := errors.Join(
		os.WriteFile(resolv, []byte("nameserver "+server.Addr().String()+"\n"), 0o644),
		os.WriteFile(nsswitch, []byte("hosts: files dns\n"), 0o644),
	); err != nil {
		return nil, err
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return nil, err
	}
	command := []string{unshare, "-m", "sh", "-c", underConfiguration, resolv, nsswitch}
	if text, err := exec.CommandContext(ctx, unshare, append(command[1:], "true")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("want a mount namespace with another resolv.conf: %w: %s", err, text)
	}
	return append(append(command, path), milliseconds(c)...), nil
}
