package streamtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// tlsLoopEnv marks a test process that must stop a loop.
const tlsLoopEnv = "EDGEWISE_STREAMTEST_TLS_LOOP"

// TestTLSOfTwoTasksNeedsTheWrapper stops a loop, in a process of its own since nothing can make it
// continue. It uses an unmodified tls.Conn, a task that is suspended in its Write, and one whose
// Read has a KeyUpdate to answer. The watchdog names the reader.
func TestTLSOfTwoTasksNeedsTheWrapper(t *testing.T) {
	if os.Getenv(tlsLoopEnv) != "" {
		stopLoop()
	}
	ctx, cancel := context.WithTimeout(t.Context(), suite.Patience())
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^"+t.Name()+"$")
	cmd.Env = childEnvironment(suite.Patience(), tlsLoopEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "stalled: reader") || !strings.Contains(string(out), "handleKeyUpdate") {
		t.Errorf("the watchdog does not report that the reader holds the loop in handleKeyUpdate: %v\n%s", err, out)
	}
}

// exits is a T that ends the process.
type exits struct{ ctx context.Context }

func (e exits) Helper()                  {}
func (e exits) Name() string             { return "child" }
func (e exits) Context() context.Context { return e.ctx }
func (e exits) Cleanup(func())           {}
func (e exits) TempDir() string          { return os.TempDir() }
func (e exits) Logf(string, ...any)      {}
func (e exits) OnHang(func())            {}
func (e exits) FailNow()                 { os.Exit(1) }
func (e exits) Evidence(func() string)   {}
func (e exits) Patience() time.Duration  { return suite.Patience() }

func (e exits) Errorf(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

func (e exits) Fatalf(format string, args ...any) { e.Errorf(format, args...) }
func (e exits) Hang(format string, args ...any)   { e.Errorf(format, args...) }

// stopLoop ends the process after the watchdog has reported the reader.
func stopLoop() {
	q, err := auto.ByName(auto.Names()[0])
	if err != nil {
		exits{}.Fatalf("queue: %v", err)
	}
	loop := sched.New(q, sched.Options{MaxTurn: 50 * time.Millisecond, Stalled: func(s sched.Stall) {
		if s.Task == "reader" && strings.Contains(string(s.Stack), "handleKeyUpdate") {
			fmt.Printf("stalled: %s\n%s\n", s.Task, s.Stack)
			os.Exit(0)
		}
	}})
	go loop.Run(context.Background())
	f := &Fixture{Waiter: loop.Waiter(), Go: func(name string, f func()) {
		loop.Go(context.Background(), name, func(*sched.Task) error {
			f()
			return nil
		})
	}}
	ctx, cancel := context.WithTimeout(context.Background(), suite.Patience())
	defer cancel()
	w := &world{T: exits{ctx}, f: f, spy: newSpy(f.Waiter)}
	f.parts.secure = func(q *stream.WriteQueue, config *tls.Config) (secure, error) {
		return plain{tls.Server(q.Conn(), config)}, nil
	}
	server, client := w.configs()
	t, peer := w.secured(server)
	_, k := w.keyedPeer(t, peer, client)
	n := w.waits(sys.Writable)
	w.writeTo(t, make([]byte, tlsBulk))
	w.waiting(sys.Writable, n)
	call(w, "reader", func() error {
		_, err := io.Copy(io.Discard, onlyReader{t})
		return err
	})
	w.check(k.keyUpdate(), "peer's KeyUpdate")
	<-ctx.Done()
	os.Exit(1)
}

// onlyReader hides the other methods of a connection.
type onlyReader struct{ c net.Conn }

func (r onlyReader) Read(p []byte) (int, error) { return r.c.Read(p) }
