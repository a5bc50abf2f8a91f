// Command fetch downloads many URLs at once over HTTP/1.1, with or without TLS, on event loops.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
)

// turnBudget bounds how long a server that always has more data delays the other downloads.
const turnBudget = 200 * time.Microsecond

const usage = `usage: fetch [flags] URL...
       fetch [flags] -i FILE

Downloads http and https URLs into files named after the last part of each URL. A file appears when it is complete:
it is written under a temporary name in the same directory and renamed. A user and password in a URL are sent to its
server. The exit code is 1 if a URL failed; each failure is printed with the reason. fetch uses no proxy. It trusts the
system's certificates, or those of -cacert.`

const atOnceMax = 4096 // bounds -j

type config struct {
	urls      []entry
	dir       string
	atOnce    int
	timeout   time.Duration
	redirects int
	tls       *tls.Config
	options   edgewise.Options
}

func main() { cli.Main("fetch", run) }

func run(ctx context.Context, args []string) error {
	c, err := parse(args, os.Stdin)
	if err != nil {
		return err
	}
	var warn sync.Once
	c.options.HostsFailed = func(err error) {
		warn.Do(func() {
			fmt.Fprintf(os.Stderr, "fetch: warning: using the readable part of the hosts file: %s\n", oneLine(err.Error()))
		})
	}
	c.options.Sched = sched.Options{Ended: func(string, error) {}, TurnBudget: turnBudget}
	stack, err := strategy.Open(c.options)
	if err != nil {
		return err
	}
	workers := min(c.atOnce, len(c.urls))
	f, err := newFetch(c, workers, newProgress(os.Stderr, len(c.urls)))
	if err != nil {
		return err
	}
	for range workers {
		if err := stack.Go(ctx, "fetch", func(t *sched.Task) error { return f.work(ctx, t, stack) }); err != nil {
			return err
		}
	}
	// The loops end with the last worker.
	if err := stack.Shutdown(context.Background()); err != nil {
		return err
	}
	return f.finish(context.Cause(ctx))
}

func parse(args []string, stdin io.Reader) (config, error) {
	var c config
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	input := fs.String("i", "", "read URLs from this file, one per line, # begins a comment; - is standard input")
	cacert := fs.String("cacert", "", "trust the certificates in this PEM file instead of the system's")
	fs.StringVar(&c.dir, "o", ".", "directory for the files; created if missing")
	fs.IntVar(&c.atOnce, "j", 8, "downloads, and therefore connections, at once")
	fs.DurationVar(&c.timeout, "timeout", 30*time.Second, "give up a URL if nothing moves for this long")
	fs.StringVar(&c.options.HostsPath, "hosts", "", "look up names first in this hosts file instead of the system's")
	fs.IntVar(&c.redirects, "redirects", 10, "maximum number of redirects to follow")
	strategy.Register(fs, &c.options, strategy.WithResolve)
	if err := cli.Parse(fs, args, usage); err != nil {
		return c, err
	}
	for _, raw := range fs.Args() {
		c.urls = append(c.urls, entry{raw: raw})
	}
	if *input != "" {
		if len(c.urls) > 0 {
			return c, cli.Usagef("-i and URLs do not go together")
		}
		var err error
		if c.urls, err = readList(*input, stdin); err != nil {
			return c, err
		}
	}
	switch {
	case len(c.urls) == 0 && *input == "":
		return c, cli.Usagef("no URL given (see fetch -h)")
	case len(c.urls) == 0:
		return c, cli.Usagef("-i %s: no URL in it", *input)
	case len(c.urls) > urlsMax:
		return c, cli.Usagef("more than %d URLs: split the list", urlsMax)
	case c.atOnce < 1 || c.atOnce > atOnceMax:
		return c, cli.Usagef("-j %d: want 1 to %d", c.atOnce, atOnceMax)
	case c.timeout <= 0:
		return c, cli.Usagef("-timeout %v: want more than 0", c.timeout)
	case c.redirects < 0:
		return c, cli.Usagef("-redirects %d: want 0 or more", c.redirects)
	}
	https := slices.ContainsFunc(c.urls, func(e entry) bool { return strings.HasPrefix(strings.ToLower(e.raw), "https:") })
	roots, err := readRoots(*cacert, https)
	if err != nil {
		return c, err
	}
	// Session resumption saves a handshake for each connection to a host after the first.
	c.tls = &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	return c, nil
}

// readRoots returns nil, meaning the system's certificates, if there is no file.
func readRoots(name string, https bool) (*x509.CertPool, error) {
	if name == "" {
		if https {
			// Package x509 reads the system's certificates once and remembers a failure. It must
			// not read them when the descriptors are used up. Verification reports whether it
			// succeeded.
			_, _ = x509.SystemCertPool()
		}
		return nil, nil
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, cli.Usagef("-cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, cli.Usagef("-cacert %s: no certificate in it", name)
	}
	return pool, nil
}
