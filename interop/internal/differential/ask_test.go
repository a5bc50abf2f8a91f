package differential

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
)

// Outcome is what a resolver made of a case.
type Outcome struct {
	Result  string // "ok", or the failure
	Addrs   []string
	Elapsed time.Duration
}

// patience only ends hangs.
const patience = 30 * time.Second

// The timers of the resolvers of others, where they can be set: two tries of 2 s. An answer that
// comes before swift did not wait for one.
const swift = 1500 * time.Millisecond

const resolvConf = "nameserver 127.0.0.1\noptions timeout:2 attempts:2 edns0\n"

// resolver is one column of the table.
type resolver struct {
	name string
	ask  func(server netip.AddrPort, name string) Outcome
}

// ours is the name of the column that a test compares.
const ours = "edgewise"

func askOurs(server netip.AddrPort, name string) Outcome {
	begin := time.Now()
	r, err := evented.New(evented.Options{Servers: evented.Servers(server), Dial: new(net.Dialer).DialContext})
	if err != nil {
		return Outcome{Result: err.Error()}
	}
	defer r.Wait()
	defer r.Close()
	q, err := resolve.NewQuestion(name, resolve.TypeA)
	if err != nil {
		return Outcome{Result: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, err := resolve.Wait(ctx, r, q)
	out := Outcome{Result: "ok", Elapsed: time.Since(begin)}
	for addr := range a.All() {
		out.Addrs = append(out.Addrs, addr.String())
	}
	for _, x := range []struct {
		err    error
		result string
	}{
		{resolve.ErrNotFound, "no such name"}, {resolve.ErrNoData, "no data"}, {resolve.ErrTimeout, "timeout"},
		{resolve.ErrMalformed, "malformed"}, {resolve.ErrServFail, "failure"}, {err, "failure"},
	} {
		if err != nil && errors.Is(err, x.err) {
			out.Result = x.result
			break
		}
	}
	return out
}

func askGo(server netip.AddrPort, name string) Outcome {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	begin := time.Now()
	addrs, err := r.LookupNetIP(ctx, "ip4", name)
	out := Outcome{Result: "ok", Elapsed: time.Since(begin)}
	for _, addr := range addrs {
		out.Addrs = append(out.Addrs, addr.Unmap().String())
	}
	var d *net.DNSError
	switch {
	case err == nil:
	case !errors.As(err, &d):
		out.Result = err.Error()
	case d.IsNotFound:
		out.Result = "no such name"
	case d.IsTimeout:
		out.Result = "timeout"
	case d.Err == "server misbehaving", d.Err == "lame referral":
		out.Result = "failure"
	case strings.HasPrefix(d.Err, "cannot unmarshal"):
		out.Result = "malformed"
	default:
		out.Result = d.Err
	}
	return out
}

// askProgram runs a program of testdata. Its first line is the result. The others are addresses.
func askProgram(args ...string) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	begin := time.Now()
	text, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	out := Outcome{Result: "ok", Elapsed: time.Since(begin)}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	out.Result, out.Addrs = lines[0], lines[1:]
	if err != nil {
		out.Result = err.Error()
	}
	return out
}

// askGlibc cannot choose the server: resolvConf names it.
func askGlibc(program string) func(netip.AddrPort, string) Outcome {
	return func(_ netip.AddrPort, name string) Outcome {
		out := askProgram(program, name)
		// The library has no error for a timeout of its own: it tries again after 2 s.
		if out.Result == "failure" && out.Elapsed > 2*swift {
			out.Result = "timeout"
		}
		return out
	}
}

func askCares(program string) func(netip.AddrPort, string) Outcome {
	return func(server netip.AddrPort, name string) Outcome { return askProgram(program, server.String(), name) }
}

// cell returns the text of the table for an outcome: "ok", or what is wrong.
func (c Case) cell(o Outcome) string {
	switch {
	case o.Result != "ok":
		if slices.Contains(c.Want, o.Result) {
			return "ok"
		}
		return o.Result
	case slices.Contains(o.Addrs, forgedAddr):
		if slices.Contains(o.Addrs, goodAddr) {
			return "both addresses"
		}
		return "the wrong address"
	}
	got, want := slices.Sorted(slices.Values(o.Addrs)), slices.Sorted(slices.Values(c.Addrs))
	switch {
	case len(got) < len(want):
		return "some of the addresses, no error"
	case !slices.Equal(got, want):
		return strings.Join(got, " ")
	case c.Swift && o.Elapsed >= swift:
		return "after a timeout of 2 s"
	}
	return "ok"
}

func goVersion() string { return "Go " + strings.TrimPrefix(runtime.Version(), "go") }
