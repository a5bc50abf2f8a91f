//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// Clients of one server use several connections at once, and take small and large files.
func TestManyClientsOfNetHTTP(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	certs := map[string]*apptest.Certificate{"https": apptest.NewCertificate(t)}
	loops := []string{"-loops=1", "-loops=2", "-loops=2 -sched=shared", "-loops=2 -sched=stealing"}
	for _, row := range apptest.Combinations(nil, []string{"http", "https"}, []string{"edge", "level", "oneshot"}, apptest.Queues(t), loops, apptest.Ways()) {
		t.Run(apptest.Name(row), func(t *testing.T) {
			t.Parallel()
			cert := certs[row[0]]
			server := s.serve(t, cert, append(strings.Fields(row[3]), "-mode", row[1], "-queue", row[2], "-io", row[4])...)
			s.manyClients(t, server, cert)
			if r := server.Stop(0); r.Stderr != "" {
				t.Errorf("the server reported %s", r.Stderr)
			}
		})
	}
}

// manyClients makes requests of a server over many connections at once. The connections stay open
// between two requests.
func (s *site) manyClients(t *testing.T, server *apptest.Process, cert *apptest.Certificate) {
	t.Helper()
	clients := apptest.Size(20, 64)
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	if cert != nil {
		transport.TLSClientConfig = trusting(cert)
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: patience}
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			for j := range 5 {
				path, want := "/hello.txt", []byte("hello, world\n")
				switch {
				case i == 0 && j == 2:
					path, want = "/big.bin", s.big
				case i%16 == 0 && j == 2:
					path, want = "/middle.bin", s.big[:middleBytes]
				}
				resp, err := client.Get(server.URL + path)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := readBody(resp)
				if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(body, want) {
					t.Errorf("%s: got %s, %d bytes, %v", path, resp.Status, len(body), err)
				}
			}
		})
	}
	running.Wait()
}

// readBody reads a body whose length is announced. A buffer of that length costs less than a
// growing one, which the race detector tracks.
func readBody(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength < 0 {
		return nil, fmt.Errorf("%s has no Content-Length", resp.Status)
	}
	body := make([]byte, resp.ContentLength)
	if _, err := io.ReadFull(resp.Body, body); err != nil {
		return nil, err
	}
	if n, err := resp.Body.Read(make([]byte, 1)); err != io.EOF {
		return nil, fmt.Errorf("got %d, %v after the body, want io.EOF", n, err)
	}
	return body, nil
}

// A reader that takes little per read gets everything, and other clients do not wait for it.
func TestSlowReaderGetsAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		server := s.serve(t, cert, "-idle-timeout", "1h")
		slow := dial(t, server, cert)
		io.WriteString(slow, "GET /big.bin HTTP/1.0\r\n\r\n")
		var got bytes.Buffer
		for range 20 {
			other := dial(t, server, cert)
			io.WriteString(other, "GET /hello.txt HTTP/1.0\r\n\r\n")
			if all, err := io.ReadAll(other); err != nil || !strings.HasSuffix(string(all), "hello, world\n") {
				t.Fatalf("got %q, %v", all, err)
			}
			if _, err := io.CopyN(&got, slow, 100); err != nil {
				t.Fatal(err)
			}
		}
		got.Grow(len(s.big) + bytes.MinRead)
		_, err := io.Copy(&got, slow)
		if _, body, ok := bytes.Cut(got.Bytes(), []byte("\r\n\r\n")); err != nil || !ok || !s.isBig(body) {
			t.Errorf("got %d bytes, %v, want the whole file", got.Len(), err)
		}
		server.Stop(0)
	})
}

// wrk stops after a fixed time. On a busy machine the test repeats it with a longer time, until
// each connection has had an answer.
func TestWrk(t *testing.T) {
	t.Parallel()
	wrk := apptest.Need(t, "wrk")
	s := newSite(t)
	connections := apptest.Size(48, 256)
	onBoth(t, func(t *testing.T, cert *apptest.Certificate) {
		server := s.serve(t, cert)
		for _, duration := range []string{"1s", "8s", "32s"} {
			n, text := load(t, wrk, connections, duration, server.URL+"/hello.txt")
			if n >= connections {
				break
			}
			if duration == "32s" {
				t.Errorf("got %d requests\n%s", n, text)
			}
		}
		server.Stop(0)
	})
}

// load returns how many requests wrk completed, and its output.
func load(t *testing.T, wrk string, connections int, duration, url string) (int, string) {
	t.Helper()
	c := exec.Command(wrk, "-c", strconv.Itoa(connections), "-t", "1", "-d", duration, "--timeout", "60s", url)
	late := time.AfterFunc(apptest.RunTimeout, func() { c.Process.Kill() })
	out, err := c.CombinedOutput()
	late.Stop()
	text := string(out)
	if err != nil || strings.Contains(text, "Socket errors") || strings.Contains(text, "Non-2xx") {
		t.Fatalf("wrk: %v\n%s", err, text)
	}
	n := 0
	if m := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(text); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n, text
}
