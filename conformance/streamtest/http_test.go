package streamtest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
)

// web is net/http over the parts of package stream: a server on a Listener, a client with a Dialer.
type web struct {
	*testing.T
	suite    suite.T
	ctx      context.Context
	f        *Fixture
	listener *stream.Listener
	dialer   *stream.Dialer
	server   *httptest.Server
	client   *http.Client
	accepted atomic.Int64 // connections that the server has seen
}

// scenario is a use of net/http.
type scenario struct {
	name string
	run  func(w *web)
}

// net/http needs goroutines that can block on more than Wait: it uses locks and channels.
func TestHTTP(t *testing.T) {
	scenarios := append(requestScenarios(), connectionScenarios()...)
	for _, target := range perMechanism(goroutines) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) { s.run(newWeb(t, target)) })
			}
		})
	}
}

func newWeb(t *testing.T, target Target) *web {
	t.Helper()
	s := suite.Of(t)
	f, err := target.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), suite.Patience())
	t.Cleanup(cancel)
	w := &web{T: t, suite: s, ctx: ctx, f: f, dialer: &stream.Dialer{Waiter: f.Waiter}}
	w.listener, err = stream.Listen(f.Waiter, loopback, stream.ListenOptions{})
	w.check(err)
	t.Cleanup(func() { w.listener.Close() }) // the server may have closed it
	return w
}

func (w *web) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// serve starts a server with handler, which change may configure, and creates its client.
func (w *web) serve(handler http.HandlerFunc, change func(s *httptest.Server)) {
	w.Helper()
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Listener.Close()
	w.server.Listener = w.listener
	w.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			w.accepted.Add(1)
		}
	}
	if change == nil {
		change = func(*httptest.Server) {}
	}
	change(w.server)
	if w.server.EnableHTTP2 {
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	w.client = w.server.Client()
	w.transport().DialContext = w.dialer.DialContext
	w.Cleanup(func() {
		w.client.CloseIdleConnections()
		w.server.Close()
	})
}

func (w *web) transport() *http.Transport { return w.client.Transport.(*http.Transport) }

func (w *web) request(method string, body io.Reader) *http.Request {
	w.Helper()
	r, err := http.NewRequestWithContext(w.ctx, method, w.server.URL, body)
	w.check(err)
	return r
}

// do sends r, and returns the response and its body, which it has read.
func (w *web) do(r *http.Request) (*http.Response, string) {
	w.Helper()
	response, err := w.client.Do(r)
	w.check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.check(err)
	return response, string(body)
}

func (w *web) get() (*http.Response, string) {
	w.Helper()
	return w.do(w.request(http.MethodGet, nil))
}

// raw connects without net/http.
func (w *web) raw() net.Conn {
	w.Helper()
	c, err := w.dialer.DialContext(w.ctx, "tcp", w.listener.Addr().String())
	w.check(err)
	w.Cleanup(func() { c.Close() }) // a scenario may have closed it
	w.check(c.SetDeadline(time.Now().Add(suite.Patience())))
	return c
}

// await holds a handler until ch is closed or sent to, or the scenario has failed.
func (w *web) await(ch <-chan struct{}) {
	select {
	case <-ch:
	case <-w.ctx.Done():
	}
}

// receive waits for a value from another goroutine of a scenario.
func receive[R any](w *web, from <-chan R, what string) R {
	w.Helper()
	return suite.Receive(w.suite, what, from)
}
