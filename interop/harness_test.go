package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// This file is the only one that knows edgewise. The scenarios know the harness.

// harness is all that a scenario needs of a network. Its connections are not wrapped: a library
// sees the type that its users pass, with all optional methods.
type harness interface {
	// Listen, ListenPacket and DialContext are as those of package net.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)

	// Go starts body as a goroutine or as a task. If a body returns an error, ctx of the others is
	// canceled, and every listener and dialed connection is closed.
	Go(name string, body func(ctx context.Context) error)

	// Blocking calls f, which may block its thread. ctx is that of the calling body. A body calls
	// it for what waits for something else than a connection: a channel, a condition, a result of
	// a goroutine of the library. In a task, f runs on a goroutine and the task is suspended.
	Blocking(ctx context.Context, f func() error) error

	// Suspend calls start and returns when resume was called, by any goroutine. ctx is that of the
	// calling body. In a task, the task is suspended and holds no thread.
	Suspend(ctx context.Context, start func(resume func())) error

	// Wait returns when all bodies have ended, with their errors.
	Wait() error

	// close releases what the harness itself has opened. The scenario releases the rest.
	close() error
}

// form is one way to run a scenario.
type form struct {
	name string
	open func(t *testing.T) harness
}

func forms() []form {
	return []form{{"net", openNet}, {"goroutines", openGoroutines(edgewise.Options{})}, {"tasks", openTasks(edgewise.Options{})}}
}

// completing are the forms of stacks whose queue moves the bytes, over each mechanism that the
// system has.
func completing() []form {
	var all []form
	for _, mechanism := range auto.Names()[1:] {
		q, err := auto.ByName(mechanism)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err == nil {
			q.Close()
		}
		o := edgewise.Options{Queue: mechanism, IO: "completion"}
		all = append(all, form{"goroutines+" + mechanism, openGoroutines(o)}, form{"tasks+" + mechanism, openTasks(o)})
	}
	return all
}

// patience bounds the time of the bodies. It only ends hangs. hangGrace bounds the time in which
// the bodies of a hang end after everything was closed.
const (
	patience  = 30 * time.Second
	hangGrace = 5 * time.Second
)

// crew keeps the bodies of one harness and what it has opened.
type crew struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	names  []string // of running bodies
	errs   []error
	opened []io.Closer
}

func newCrew(t *testing.T) *crew {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	return &crew{ctx: ctx, cancel: cancel}
}

// starts notes that body name runs.
func (c *crew) starts(name string) {
	c.running.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = append(c.names, name)
}

// ends notes the result of body name. An error ends the other bodies.
func (c *crew) ends(name string, err error) {
	defer c.running.Done()
	c.mu.Lock()
	if i := slices.Index(c.names, name); i >= 0 {
		c.names = slices.Delete(c.names, i, i+1)
	}
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", name, err))
	}
	c.mu.Unlock()
	if err != nil {
		c.abandon()
	}
}

// abandon ends everything that still waits.
func (c *crew) abandon() {
	c.cancel()
	c.mu.Lock()
	opened := slices.Clone(c.opened)
	c.mu.Unlock()
	for _, o := range opened {
		_ = o.Close()
	}
}

func (c *crew) Wait() error {
	ended := make(chan struct{})
	go func() {
		c.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		c.mu.Lock()
		c.errs = append(c.errs, fmt.Errorf("after %v there still run %q\n%s", patience, c.names, stacks()))
		c.mu.Unlock()
		c.abandon()
		select {
		case <-ended:
		case <-time.After(hangGrace):
		}
	}
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}

// keep notes o, which the harness has opened, and returns it. If opening failed, keep returns no
// interface with a nil pointer in it.
func keep[T any, O interface {
	io.Closer
	comparable
}](c *crew, o O, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	c.mu.Lock()
	c.opened = append(c.opened, o)
	c.mu.Unlock()
	return any(o).(T), nil
}

// goroutineBodies runs bodies as goroutines.
type goroutineBodies struct{ *crew }

func (b goroutineBodies) Go(name string, body func(ctx context.Context) error) {
	b.starts(name)
	go func() { b.ends(name, body(b.ctx)) }()
}

func (goroutineBodies) Blocking(_ context.Context, f func() error) error { return f() }

func (goroutineBodies) Suspend(_ context.Context, start func(resume func())) error {
	resumed := make(chan struct{})
	start(sync.OnceFunc(func() { close(resumed) }))
	<-resumed
	return nil
}

// netHarness is package net.
type netHarness struct{ goroutineBodies }

func openNet(t *testing.T) harness { return netHarness{goroutineBodies{newCrew(t)}} }

func (h netHarness) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, network, address)
	return keep[net.Listener](h.crew, l, err)
}

func (h netHarness) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	l, err := new(net.ListenConfig).ListenPacket(ctx, network, address)
	return keep[net.PacketConn](h.crew, l, err)
}

func (h netHarness) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	return keep[net.Conn](h.crew, c, err)
}

func (netHarness) close() error { return nil }

// stackNet opens sockets on a stack.
type stackNet struct {
	*crew
	stack *edgewise.Stack
}

// blockingMax bounds the bodies of a scenario that are in Blocking at once.
const blockingMax = 256

// openStack starts a stack with two loops.
func openStack(t *testing.T, o edgewise.Options) *stackNet {
	o.Loops, o.Sched = 2, sched.Options{MaxBlocking: blockingMax, Ended: func(string, error) {}}
	stack, err := edgewise.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return &stackNet{newCrew(t), stack}
}

func (n *stackNet) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), hangGrace)
	defer cancel()
	return n.stack.Shutdown(ctx)
}

func (n *stackNet) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := n.stack.Listen(ctx, network, address)
	return keep[net.Listener](n.crew, l, err)
}

func (n *stackNet) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	l, err := n.stack.ListenPacket(ctx, network, address)
	return keep[net.PacketConn](n.crew, l, err)
}

func (n *stackNet) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := n.stack.DialContext(ctx, network, address)
	return keep[net.Conn](n.crew, c, err)
}

// goroutinesHarness has the connections of a stack and uses them in goroutines.
type goroutinesHarness struct {
	*stackNet
	bodies goroutineBodies
}

func openGoroutines(o edgewise.Options) func(t *testing.T) harness {
	return func(t *testing.T) harness {
		n := openStack(t, o)
		return goroutinesHarness{n, goroutineBodies{n.crew}}
	}
}

func (h goroutinesHarness) Go(name string, body func(ctx context.Context) error) {
	h.bodies.Go(name, body)
}

func (h goroutinesHarness) Blocking(ctx context.Context, f func() error) error {
	return h.bodies.Blocking(ctx, f)
}

func (h goroutinesHarness) Suspend(ctx context.Context, start func(resume func())) error {
	return h.bodies.Suspend(ctx, start)
}

// tasksHarness has the connections of a stack and uses them in its tasks, and in the goroutines
// that a library starts in such a task.
type tasksHarness struct{ *stackNet }

func openTasks(o edgewise.Options) func(t *testing.T) harness {
	return func(t *testing.T) harness { return tasksHarness{openStack(t, o)} }
}

// taskKey is the key of the task in the context of a body.
type taskKey struct{}

func (h tasksHarness) Go(name string, body func(ctx context.Context) error) {
	h.starts(name)
	job, err := h.stack.Scheduler().Start(h.ctx, name, func(t *sched.Task) error {
		return body(context.WithValue(t.Context(), taskKey{}, t))
	})
	if err != nil {
		h.ends(name, err)
		return
	}
	go func() { h.ends(name, job.Wait(context.Background())) }()
}

func (tasksHarness) Blocking(ctx context.Context, f func() error) error {
	t, ok := ctx.Value(taskKey{}).(*sched.Task)
	if !ok {
		return f()
	}
	return t.Blocking(f)
}

func (h tasksHarness) Suspend(ctx context.Context, start func(resume func())) error {
	t, ok := ctx.Value(taskKey{}).(*sched.Task)
	if !ok {
		return goroutineBodies{h.crew}.Suspend(ctx, start)
	}
	return t.Suspend(start)
}
