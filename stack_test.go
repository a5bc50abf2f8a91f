package edgewise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
)

// patience ends a hang.
const patience = time.Minute

// within waits for c to be received from or closed.
func within[V any](t *testing.T, what string, c <-chan V) V {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("still waiting after %v: %s", patience, what)
		panic("unreachable")
	}
}

// opened returns a stack that is shut down at the end of the test.
func opened(t *testing.T, o Options) *Stack {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return s
}

func listening(t *testing.T, s *Stack) *Listener {
	t.Helper()
	l, err := s.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serving calls Serve and returns its result at the end.
func serving(t *testing.T, s *Stack, ctx context.Context, l *Listener, handle func(*Task, *Conn) error) <-chan error {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, handle) }()
	return served
}

func echo(_ *Task, c *Conn) error {
	_, err := io.Copy(c, c)
	return err
}

// bounce sends text and expects it back.
func bounce(c net.Conn, text string) error {
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("got %q, want %q", got, text)
	}
	return nil
}

func dialed(t *testing.T, s *Stack, address string) net.Conn {
	t.Helper()
	c, err := s.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestOptionsThatCannotWork(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		options Options
		names   string
	}{
		{Options{Loops: -1}, "Loops -1"},
		{Options{Loops: MaxLoops + 1}, "want 0 to"},
		{Options{Mode: "sideways"}, "want one of edge|level|oneshot"},
		{Options{Scheduler: "fifo"}, "Scheduler fifo"},
		{Options{Scheduler: "single", Loops: 2}, "sharded"},
		{Options{Scheduler: "stealing", Loops: 2, Buffer: "perloop"}, "chain"},
		{Options{Buffer: "leaky"}, "Buffer leaky"},
		{Options{Resolve: "psychic"}, "adaptive|blocking|evented|pool"},
		{Options{Queue: "rapid"}, "Queue rapid"},
		{Options{MaxConns: -1}, "MaxConns -1"},
		{Options{BufferMemory: -1}, "BufferMemory -1"},
		{Options{OpenQueue: func() (queue.Queue, error) { return nil, refused }}, "refused"},
		{Options{NewScheduler: func(func() (queue.Queue, error), sched.Options) (sched.Scheduler, error) { return nil, refused }}, "refused"},
	} {
		s, err := Open(c.options)
		if err == nil {
			t.Errorf("%+v: no error", c.options)
			s.Shutdown(context.Background())
		} else if !strings.Contains(err.Error(), c.names) {
			t.Errorf("%+v: got %q, want an error that names %q", c.options, err, c.names)
		}
	}
}

// Each scheduler serves tasks and goroutines, which dial by name, and resolves for both.
func TestEachSchedulerServesTasksAndGoroutines(t *testing.T) {
	for _, o := range []Options{
		{Loops: 1}, {Loops: 2}, {Loops: 2, Scheduler: "shared"}, {Loops: 2, Scheduler: "stealing", Mode: "oneshot"}, {Mode: "level", Resolve: "blocking"},
	} {
		t.Run(fmt.Sprintf("%s/%d/%s", o.Scheduler, o.Loops, o.Mode), func(t *testing.T) {
			s := opened(t, o)
			l := listening(t, s)
			serving(t, s, t.Context(), l, echo)
			_, port, err := net.SplitHostPort(l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			dial := func() error {
				c, err := s.Dial("tcp4", net.JoinHostPort("localhost", port))
				if err != nil {
					return err
				}
				defer c.Close()
				if err := bounce(c, "hello"); err != nil {
					return err
				}
				addrs, err := s.Resolver().LookupHost(context.Background(), "localhost")
				if err == nil && len(addrs) == 0 {
					err = errors.New("no address")
				}
				return err
			}
			for range 4 {
				if err := dial(); err != nil {
					t.Errorf("a goroutine: %v", err)
				}
				if err := s.Call(t.Context(), "dials", func(*Task) error { return dial() }); err != nil {
					t.Errorf("a task: %v", err)
				}
			}
		})
	}
}

// While the only place is taken, a connection waits. The order shows it.
func TestServePausesAtMaxConns(t *testing.T) {
	s := opened(t, Options{MaxConns: 1})
	l := listening(t, s)
	var mu sync.Mutex
	var order []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	serving(t, s, t.Context(), l, func(t *Task, c *Conn) error {
		note("begins")
		defer note("ends")
		return echo(t, c)
	})
	first, second := dialed(t, s, l.Addr().String()), dialed(t, s, l.Addr().String())
	if _, err := second.Write([]byte("waits")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bounce(first, "first"), first.Close()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(second, got); err != nil || string(got) != "waits" {
		t.Errorf("the second connection got %q, %v", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"begins", "ends", "begins"}; fmt.Sprint(order) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	s := opened(t, Options{})
	l := listening(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	served := serving(t, s, ctx, l, echo)
	c := dialed(t, s, l.Addr().String())
	if err := bounce(c, "hello"); err != nil {
		t.Fatal(err)
	}
	cancel()
	// The listener closes, and the connection continues until its end.
	for {
		if other, err := net.Dial("tcp", l.Addr().String()); err != nil {
			break
		} else {
			other.Close()
		}
	}
	if err := errors.Join(bounce(c, "again"), c.Close()); err != nil {
		t.Error(err)
	}
	if err := within(t, "Serve returns", served); err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestServeCancelsAfterTheGrace(t *testing.T) {
	s := opened(t, Options{Grace: time.Millisecond})
	l := listening(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	served := serving(t, s, ctx, l, func(_ *Task, c *Conn) error {
		err := echo(nil, c)
		ended <- err
		return err
	})
	c := dialed(t, s, l.Addr().String())
	if err := bounce(c, "hello"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := within(t, "Serve returns", served); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 connections") {
		t.Errorf("Serve: %v, want DeadlineExceeded with the number of connections", err)
	}
	if err := within(t, "the task ends", ended); !errors.Is(err, sched.ErrCanceled) {
		t.Errorf("the task: %v, want ErrCanceled", err)
	}
}

func TestShutdownEndsServe(t *testing.T) {
	s, err := Open(Options{Loops: 2})
	if err != nil {
		t.Fatal(err)
	}
	l := listening(t, s)
	served := serving(t, s, context.Background(), l, echo)
	c := dialed(t, s, l.Addr().String())
	if err := bounce(c, "hello"); err != nil {
		t.Fatal(err)
	}
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(context.Background()) }()
	if err := errors.Join(bounce(c, "again"), c.Close()); err != nil {
		t.Error(err)
	}
	if err := within(t, "Shutdown returns", shut); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := within(t, "Serve returns", served); err != nil {
		t.Errorf("Serve: %v", err)
	}
	within(t, "the stack is done", s.Done())
	if s.Err() != nil {
		t.Errorf("Err: %v", s.Err())
	}
	if _, err := s.Dial("tcp", l.Addr().String()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Dial after Shutdown: %v, want net.ErrClosed", err)
	}
	if err := s.Serve(context.Background(), l, echo); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("Serve after Shutdown: %v, want ErrStopped", err)
	}
}

// A task serves, and ends by its cancellation.
func TestATaskServes(t *testing.T) {
	s := opened(t, Options{})
	l := listening(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	called := make(chan error, 1)
	go func() {
		called <- s.Call(ctx, "serves", func(*Task) error { return s.Serve(context.Background(), l, echo) })
	}()
	c := dialed(t, s, l.Addr().String())
	if err := errors.Join(bounce(c, "hello"), c.Close()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := within(t, "the task ends", called); !errors.Is(err, sched.ErrCanceled) {
		t.Errorf("Serve in a canceled task: %v, want ErrCanceled", err)
	}
}

func TestServeReturnsTheErrorOfItsListener(t *testing.T) {
	s := opened(t, Options{})
	l := listening(t, s)
	served := serving(t, s, t.Context(), l, echo)
	c := dialed(t, s, l.Addr().String())
	if err := bounce(c, "hello"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(bounce(c, "again"), c.Close()); err != nil {
			t.Errorf("a connection after the end of Serve: %v", err)
		}
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := within(t, "Serve returns", served); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v, want net.ErrClosed", err)
	}
}

// A task holds its only loop with a library that needs goroutines: they do not need the loop.
func TestALibraryWithGoroutinesInATask(t *testing.T) {
	s := opened(t, Options{Loops: 1})
	l := listening(t, s)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	client := &http.Client{Transport: &http.Transport{DialContext: s.DialContext}}
	defer client.CloseIdleConnections()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		err := s.Call(t.Context(), "get", func(*Task) error {
			resp, err := client.Get("http://" + net.JoinHostPort("localhost", port))
			if err != nil {
				return err
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != "hello" {
				err = errors.Join(err, fmt.Errorf("got %q", body))
			}
			return errors.Join(err, resp.Body.Close())
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsOfTasksAreLogged(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	s, err := Open(Options{Logger: logger, Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"failed": errors.New("the reason"), "left": io.EOF, "closed": net.ErrClosed, "fine": nil} {
		if err := s.Go(t.Context(), name, func(*Task) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Go(t.Context(), "panics", func(*Task) error { panic("the value") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, want := range []string{"task=failed", "the reason", "task=panics", "the value"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q: %s", want, text)
		}
	}
	if strings.Count(text, "\n") != 2 {
		t.Errorf("got more lines than for the failure and the panic: %s", text)
	}
}

func TestAQueueByValue(t *testing.T) {
	var opens int
	var last queue.Queue
	s := opened(t, Options{Loops: 1, OpenQueue: func() (queue.Queue, error) {
		opens++
		var err error
		last, err = auto.ByName(auto.Auto)
		return last, err
	}})
	if s.Scheduler().Loops()[0].Queue() != last || opens != 2 {
		t.Errorf("after %d opens the loop has another queue; want 2 opens, the last of them for the loop", opens)
	}
}

func TestLookupErrorsAreThoseOfPackageNet(t *testing.T) {
	s := opened(t, Options{})
	_, err := s.Resolver().LookupNetIP(t.Context(), "ip", "not..a.name")
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.Name != "not..a.name" {
		t.Errorf("LookupNetIP: %v, want a *net.DNSError with the name", err)
	}
	if _, err := s.Resolver().LookupNetIP(t.Context(), "tcp", "localhost"); err == nil || !strings.Contains(err.Error(), "unknown network") {
		t.Errorf("LookupNetIP in network tcp: %v", err)
	}
	addrs, err := s.Resolver().LookupNetIP(t.Context(), "ip4", "127.0.0.1")
	if err != nil || len(addrs) != 1 || addrs[0].String() != "127.0.0.1" {
		t.Errorf("LookupNetIP of a literal: %v, %v", addrs, err)
	}
}

// Lookups beyond the functions that the poller takes at once all end.
func TestABurstOfLookups(t *testing.T) {
	const lookups = sched.DefaultMaxPosted + 100
	none := func(context.Context, resolve.Question) (resolve.Answer, error) {
		return resolve.Answer{}, resolve.ErrNotFound
	}
	pool, err := resolve.NewPool(none, resolve.PoolOptions{Workers: 2, MaxQueued: 2 * lookups})
	if err != nil {
		t.Fatal(err)
	}
	s := opened(t, Options{Loops: 1, Resolver: pool})
	held := make(chan struct{})
	if err := s.poller.Post(func() { <-held }); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, lookups)
	for range lookups {
		s.resolver.parts("ip", "host.example", func(_ []netip.Addr, more bool, err error) {
			if !more {
				results <- err
			}
		})
	}
	close(held)
	for range lookups {
		if err := within(t, "every lookup ends", results); !errors.Is(err, resolve.ErrNotFound) {
			t.Fatalf("a lookup ended with %v, want ErrNotFound", err)
		}
	}
}
