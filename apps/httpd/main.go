// Command httpd serves a directory over HTTP/1.1, with or without TLS, on event loops. The handlers
// are net/http's.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/serving"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
)

// turnBudget bounds how long a client that takes everything it is sent delays the others.
const turnBudget = 200 * time.Microsecond

const usage = `usage: httpd [flags]

Serves the files of a directory by GET and HEAD. It does not follow symbolic links that lead out of the directory.
The directory, or a link in its place, may be replaced while it is served. On SIGINT, SIGTERM or SIGHUP httpd stops
accepting, closes idle connections, and lets requests finish within the grace.`

func main() { cli.Main("httpd", run) }

func run(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("httpd", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:8080", "address to listen on; port 0 lets the system choose")
	root := fs.String("root", ".", "directory to serve")
	certFile := fs.String("tls-cert", "", "serve https with the certificate chain in this PEM file")
	keyFile := fs.String("tls-key", "", "the key of -tls-cert, in PEM")
	access := fs.String("access-log", "", "append a line per request to this file, in common log format; - is standard output")
	grace := fs.Duration("grace", 10*time.Second, "how long requests may continue after SIGINT, SIGTERM or SIGHUP")
	cached := fs.Int("file-cache", 1024, "how many files to hold ready: in memory up to 64 KiB each, larger ones open (at most 256 times); 0 for none")
	valid := fs.Duration("file-cache-valid", time.Second, "how long a file in the cache is served before it is opened again: a change may be seen as late")
	idle := fs.Duration("idle-timeout", time.Minute, "close a connection that makes no request for this long")
	profile := serving.ProfileFlag(fs)
	options := edgewise.Options{Sched: sched.Options{Ended: serving.LogEnd, TurnBudget: turnBudget}}
	strategy.Register(fs, &options, 0)
	if err := cli.Parse(fs, args, usage); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return cli.Usagef("unexpected argument %q (see httpd -h)", fs.Arg(0))
	case *grace < 0:
		return cli.Usagef("-grace %v: want 0 or more", *grace)
	case *idle <= 0:
		return cli.Usagef("-idle-timeout %v: want more than 0", *idle)
	case *cached < 0:
		return cli.Usagef("-file-cache %d: want 0 or more", *cached)
	case *valid <= 0:
		return cli.Usagef("-file-cache-valid %v: want more than 0 (-file-cache 0 disables the cache)", *valid)
	}
	s := &server{limits: defaultLimits()}
	s.limits.idle = *idle
	var err error
	if s.tls, err = readCertificate(*certFile, *keyFile); err != nil {
		return err
	}
	followed, err := openRoot(*root)
	if err != nil {
		return err
	}
	defer followed.close()
	s.cache = newFileCache(followed, *cached, *valid)
	defer s.cache.close()
	s.handler = files{followed, s.cache}
	if s.access, err = openAccessLog(*access); err != nil {
		return err
	}
	defer s.access.close()

	stack, err := strategy.Open(options)
	if err != nil {
		return err
	}
	l, err := serving.Listen(ctx, stack, *addr)
	if err != nil {
		return err
	}
	serving.Announce(stack, fmt.Sprintf("%s://%v", s.scheme(), l.Addr()))
	return profile.During(func() error {
		return serving.Run(ctx, stack, *grace, func() error { return stack.Serve(context.Background(), l, s.serve) })
	})
}

func readCertificate(certFile, keyFile string) (*tls.Config, error) {
	if certFile == "" && keyFile == "" {
		return nil, nil
	}
	if certFile == "" || keyFile == "" {
		return nil, cli.Usagef("-tls-cert and -tls-key go together")
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, cli.Usagef("-tls-cert, -tls-key: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1", "http/1.0"}}, nil
}

func (s *server) scheme() string {
	if s.tls != nil {
		return "https"
	}
	return "http"
}
