// Command fetch downloads URLs over HTTP/1.1, with and without TLS, many at once, on event loops.
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

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
)

// turnBudget bounds how long a server that always has more keeps the other downloads waiting.
const turnBudget = 200 * time.Microsecond

const usage = `usage: fetch [flags] URL...
       fetch [flags] -i FILE

Downloads http and https URLs into files named after the last part of each URL. A file appears when it is whole: it is
written beside its name and renamed. A user and password in a URL are sent to its server. Exit code 1 says that a URL failed; each is printed with the reason.
No proxy is used, and the system's certificates are trusted, or those of -cacert.`

const atOnceMax = 4096 // bounds -j

type config struct {
	urls      []entry
	dir       string
	atOnce    int
	timeout   time.Duration
	redirects int
	tls       *tls.Config
	flags     strategy.Flags
}

func main() { cli.Main("fetch", run) }

func run(ctx context.Context, args []string) error {
	c, err := parse(args, os.Stdin)
	if err != nil {
		return err
	}
	kit, err := c.flags.Open(sched.Options{Ended: func(string, error) {}, TurnBudget: turnBudget})
	if err != nil {
		return err
	}
	var warn sync.Once
	c.flags.HostsFailed = func(err error) {
		warn.Do(func() {
			fmt.Fprintf(os.Stderr, "fetch: warning: using what could be read of the hosts file: %s\n", oneLine(err.Error()))
		})
	}
	resolver, err := c.flags.OpenResolver()
	if err != nil {
		return err
	}
	defer resolver.Close()
	workers := min(c.atOnce, len(c.urls))
	f, err := newFetch(c, workers, newProgress(os.Stderr, len(c.urls)))
	if err != nil {
		return err
	}
	for i := range workers {
		p := kit.Places[i%len(kit.Places)]
		inbox := strategy.NewInbox(p.Loop)
		if err := p.Loop.Go(ctx, "fetch", func(t *sched.Task) error { return f.work(ctx, t, resolver.Parts(inbox)) }); err != nil {
			return err
		}
	}
	kit.Scheduler.Drain() // the loops end with the last worker
	if err := kit.Scheduler.Run(context.Background()); err != nil {
		return err
	}
	return f.finish(context.Cause(ctx))
}

func parse(args []string, stdin io.Reader) (config, error) {
	var c config
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	input := fs.String("i", "", "read URLs from this file, one a line, # for comments; - is standard input")
	cacert := fs.String("cacert", "", "trust the certificates in this PEM file instead of the system's")
	fs.StringVar(&c.dir, "o", ".", "directory for the files; it is made if need be")
	fs.IntVar(&c.atOnce, "j", 8, "downloads, and so connections, at once")
	fs.DurationVar(&c.timeout, "timeout", 30*time.Second, "give a URL up when nothing has moved for this long")
	fs.StringVar(&c.flags.HostsPath, "hosts", "", "look names up in this hosts file first instead of the system's")
	fs.IntVar(&c.redirects, "redirects", 10, "follow so many redirects")
	c.flags.Register(fs, strategy.WithResolve)
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
	// A session resumed is a handshake saved for each connection to a host after the first.
	c.tls = &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	return c, nil
}

// readRoots returns nil, the system's certificates, when there is no file.
func readRoots(name string, https bool) (*x509.CertPool, error) {
	if name == "" {
		if https {
			// Package x509 reads the system's once, and remembers a failure: it must not be when
			// the descriptors are used up. Whether it succeeded is for the verification to say.
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
