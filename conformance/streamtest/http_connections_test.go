package streamtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"
)

func connectionScenarios() []scenario {
	return []scenario{
		{"read-header-timeout", readHeaderTimeout},
		{"response-timeout", responseTimeout},
		{"write-timeout", writeTimeout},
		{"idle-timeout", idleTimeout},
		{"shutdown", shutdown},
		{"upgrade", upgrade},
		{"hijack-reads-what-came", hijackEarly},
	}
}

// A server hangs up on a client that does not finish its header.
func readHeaderTimeout(w *web) {
	w.serve(echoBody, func(s *httptest.Server) { s.Config.ReadHeaderTimeout = soon })
	c := w.raw()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost:")
	w.check(err)
	if answer, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
		w.Errorf("a slow header: %q, %v", answer, err)
	}
}

// The client abandons a server that does not answer, and one that stops in the middle of its
// answer.
func responseTimeout(w *web) {
	over := make(chan struct{})
	w.serve(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			rw.WriteHeader(http.StatusOK)
			rw.(http.Flusher).Flush()
		}
		w.await(over)
	}, nil)
	defer close(over)
	w.transport().ResponseHeaderTimeout = soon
	response, err := w.client.Do(w.request(http.MethodGet, nil))
	if err == nil {
		response.Body.Close()
	}
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		w.Errorf("no answer: %v", err)
	}
	w.transport().ResponseHeaderTimeout = 0
	ctx, cancel := context.WithTimeout(w.ctx, 5*soon)
	defer cancel()
	response, err = w.client.Do(w.request(http.MethodPost, nil).WithContext(ctx))
	if err == nil {
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		w.Errorf("half an answer: %v", err)
	}
}

// A server writes to a client that reads nothing for at most WriteTimeout.
func writeTimeout(w *web) {
	failed := make(chan error, 1)
	w.serve(func(rw http.ResponseWriter, _ *http.Request) {
		p := make([]byte, 64<<10)
		for {
			if _, err := rw.Write(p); err != nil {
				failed <- err
				return
			}
		}
	}, func(s *httptest.Server) { s.Config.WriteTimeout = 5 * soon })
	c := w.raw()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	w.check(err)
	if err := receive(w, failed, "the end of the answer"); !errors.Is(err, os.ErrDeadlineExceeded) {
		w.Errorf("an unread answer: %v", err)
	}
}

// A connection that is idle for too long is closed, and the next request opens another.
func idleTimeout(w *web) {
	idle := make(chan struct{}, 1)
	w.serve(echoBody, func(s *httptest.Server) {
		s.Config.IdleTimeout = soon
		count := s.Config.ConnState
		s.Config.ConnState = func(c net.Conn, state http.ConnState) {
			count(c, state)
			if state == http.StateClosed {
				select {
				case idle <- struct{}{}:
				default:
				}
			}
		}
	})
	w.get()
	receive(w, idle, "the end of an idle connection")
	w.get()
	if n := w.accepted.Load(); n != 2 {
		w.Errorf("%d connections", n)
	}
}

// Shutdown closes the listener and idle connections at once, and waits for an answer in progress.
func shutdown(w *web) {
	begun, finish := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			w.await(finish)
		}
		io.WriteString(rw, "done")
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(w.listener) }()
	transport := &http.Transport{DialContext: w.dialer.DialContext}
	w.client = &http.Client{Transport: transport}
	w.Cleanup(transport.CloseIdleConnections)
	url := "http://" + w.listener.Addr().String()
	get := func(path string) (string, error) {
		r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, url+path, nil)
		if err != nil {
			return "", err
		}
		response, err := w.client.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return string(body), err
	}
	idle := w.raw()
	_, err := io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	w.check(err)
	in := bufio.NewReader(idle)
	response, err := http.ReadResponse(in, nil)
	w.check(err)
	_, err = io.ReadAll(response.Body)
	w.check(err)
	type answer struct {
		body string
		err  error
	}
	slow := make(chan answer, 1)
	go func() {
		body, err := get("/slow")
		slow <- answer{body, err}
	}()
	receive(w, begun, "the slow request")
	down := make(chan error, 1)
	go func() { down <- server.Shutdown(w.ctx) }()
	if err := receive(w, served, "the end of Serve"); err != http.ErrServerClosed {
		w.Errorf("Serve: %v", err)
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		w.Errorf("the idle connection: %q, %v", rest, err)
	}
	select {
	case err := <-down:
		w.Errorf("Shutdown did not wait for an answer: %v", err)
	default:
	}
	close(finish)
	if a := receive(w, slow, "the slow answer"); a.body != "done" || a.err != nil {
		w.Errorf("the request in progress: %q, %v", a.body, a.err)
	}
	w.check(receive(w, down, "the end of Shutdown"))
	if _, err := w.listener.Accept(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("Accept after Shutdown: %v", err)
	}
}

// upgraded answers with 101 and passes the connection to f.
func upgraded(f func(c net.Conn, in *bufio.Reader)) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		c, both, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		defer c.Close()
		if _, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n"); err == nil {
			f(c, both.Reader)
		}
	}
}

// After 101, both sides send whenever they like. The server's side of the connection, taken from
// net/http, waits for as long as it takes.
func upgrade(w *web) {
	served := make(chan error, 1)
	w.serve(upgraded(func(c net.Conn, in *bufio.Reader) {
		_, err := fmt.Fprintln(c, "welcome")
		for err == nil {
			var line string
			if line, err = in.ReadString('\n'); err == nil {
				_, err = io.WriteString(c, "echo "+line)
			}
		}
		served <- err
	}), func(s *httptest.Server) { s.Config.ReadHeaderTimeout, s.Config.WriteTimeout = time.Minute, time.Minute })
	r := w.request(http.MethodGet, nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "lines")
	response, err := w.client.Do(r)
	w.check(err)
	if response.StatusCode != http.StatusSwitchingProtocols {
		w.Fatalf("answer %v", response.Status)
	}
	c := response.Body.(io.ReadWriteCloser)
	defer c.Close() // also closed by the layer below
	in := bufio.NewReader(c)
	expect := func(want string) {
		w.Helper()
		if line, err := in.ReadString('\n'); line != want+"\n" || err != nil {
			w.Fatalf("got %q, %v; want %q", line, err, want)
		}
	}
	expect("welcome")
	for i := range 3 {
		_, err := fmt.Fprintln(c, "line", i)
		w.check(err)
		expect(fmt.Sprint("echo line ", i))
	}
	w.check(c.Close())
	if err := receive(w, served, "the end of the upgraded connection"); err != io.EOF {
		w.Errorf("the server's read: %v, want io.EOF", err)
	}
}

// Bytes that the client sends right after its request are available after Hijack, although net/http
// was reading meanwhile.
func hijackEarly(w *web) {
	w.serve(upgraded(func(c net.Conn, in *bufio.Reader) {
		line, err := in.ReadString('\n')
		fmt.Fprintf(c, "%q %v\n", line, err)
	}), nil)
	c := w.raw()
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nearly\n")
	w.check(err)
	in := bufio.NewReader(c)
	response, err := http.ReadResponse(in, nil)
	w.check(err)
	if line, err := in.ReadString('\n'); line != "\"early\\n\" <nil>\n" || err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		w.Errorf("%v, then %q, %v", response.Status, line, err)
	}
}
