package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/sched"
)

// fetch is one run of the program.
type fetch struct {
	config   config
	targets  []target
	rota     *rota
	began    time.Time
	progress *progress

	mu       sync.Mutex // guards the fields below
	files    int
	bytes    int64
	failures []error // by target; nil for success
}

func newFetch(c config, workers int, p *progress) (*fetch, error) {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return nil, cli.Usagef("-o: %w", err)
	}
	return &fetch{config: c, targets: targets(c.urls), began: time.Now(), progress: p, failures: make([]error, len(c.urls)),
		rota: &rota{total: len(c.urls), active: workers}}, nil
}

// work downloads targets one after the other until none are left.
func (f *fetch) work(ctx context.Context, t *sched.Task, stack *edgewise.Stack) error {
	c := &client{dial: stack.DialContext, tls: f.config.tls, timeout: f.config.timeout}
	defer c.close()
	copyBuffer := make([]byte, copyBytes)
	for {
		i, closed, ok := f.rota.take()
		if !ok {
			return nil
		}
		target := &f.targets[i]
		n, err := int64(0), target.err
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			n, err = f.download(ctx, c, target, copyBuffer)
		}
		if ctx.Err() == nil && lacksDescriptor(err) {
			c.close()
			if f.rota.lack(t, i, closed) {
				continue
			}
		}
		f.record(i, n, err)
		f.rota.done()
	}
}

func (f *fetch) record(i int, n int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures[i] = err
	if err == nil {
		f.files++
		f.bytes += n
	}
	f.progress.finished()
}

// download fetches t into its file and returns the number of bytes. The file appears only when it
// is complete.
func (f *fetch) download(ctx context.Context, c *client, t *target, copyBuffer []byte) (n int64, err error) {
	from := t.location
	for redirects := 0; ; redirects++ {
		resp, err := c.get(ctx, from)
		if err != nil {
			return 0, err
		}
		location := redirectOf(resp)
		if location == "" {
			n, err := f.save(resp, filepath.Join(f.config.dir, t.file), copyBuffer)
			c.done(resp, err == nil)
			return n, err
		}
		_, derr := io.CopyN(io.Discard, resp.Body, redirectBodyMax)
		c.done(resp, errors.Is(derr, io.EOF))
		if redirects == f.config.redirects {
			return 0, fmt.Errorf("more than %d redirects", redirects)
		}
		if from, err = from.follow(location); err != nil {
			return 0, fmt.Errorf("redirect to %q: %w", withoutUserinfo(location, false), err)
		}
	}
}

// redirectBodyMax bounds how much of a redirect's body is read to keep the connection.
const redirectBodyMax = 64 << 10

func redirectOf(resp *http.Response) string {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location")
	}
	return ""
}

// copyBytes is the size of one read of a body: several TLS records.
const copyBytes = 64 << 10

func (f *fetch) save(resp *http.Response, name string, copyBuffer []byte) (n int64, err error) {
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the server answered %s", resp.Status)
	}
	part := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%08x.part", filepath.Base(name), rand.Uint32()))
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(part)
		}
	}()
	// Expose only the file's Write: its ReadFrom would allocate a buffer for each body.
	n, err = io.CopyBuffer(struct{ io.Writer }{file}, resp.Body, copyBuffer)
	if err != nil {
		return n, fmt.Errorf("after %d bytes: %w", n, err)
	}
	if resp.ContentLength >= 0 && n != resp.ContentLength {
		return n, fmt.Errorf("got %d of %d bytes: %w", n, resp.ContentLength, io.ErrUnexpectedEOF)
	}
	if err := file.Close(); err != nil {
		return n, err
	}
	return n, os.Rename(part, name)
}

// finish prints the failures and the summary.
func (f *fetch) finish(interrupted error) error {
	f.progress.close()
	failed := 0
	for i, err := range f.failures {
		if err != nil {
			failed++
			// A dial that the interruption ends reports that it was canceled, but not the cause.
			if interrupted == nil || !errors.Is(err, interrupted) && !errors.Is(err, context.Canceled) {
				fmt.Fprintf(os.Stderr, "fetch: %v: %s\n", &f.targets[i], oneLine(err.Error()))
			}
		}
	}
	took := time.Since(f.began)
	fmt.Fprintf(os.Stderr, "fetched %d of %d files, %s in %.2f s", f.files, len(f.targets), size(f.bytes), took.Seconds())
	if failed > 0 {
		fmt.Fprintf(os.Stderr, ", %d failed", failed)
	}
	fmt.Fprintln(os.Stderr)
	switch {
	case interrupted != nil:
		return errors.New("interrupted")
	case failed > 0:
		return cli.ErrReported
	}
	return nil
}
