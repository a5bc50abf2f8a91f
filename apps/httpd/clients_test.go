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

func TestManyClientsOfNetHTTP(t *testing.T) {
	s := newSite(t)
	cert := apptest.NewCertificate(t)
	type server struct {
		cert  *apptest.Certificate
		flags []string
	}
	modes := []string{"edge", "level", "oneshot"}
	servers := []server{{nil, nil}, {cert, nil}, {cert, []string{"-loops", "2"}}}
	for i, queue := range apptest.Queues(t) {
		servers = append(servers,
			server{nil, []string{"-mode", "level", "-queue", queue}},
			server{cert, []string{"-mode", "edge", "-queue", queue}},
			server{nil, []string{"-mode", "oneshot", "-queue", queue, "-loops", strconv.Itoa(1 + i%2)}},
			server{nil, []string{"-mode", modes[i%len(modes)], "-queue", queue, "-loops", "2", "-sched", "shared"}},
			server{cert, []string{"-mode", modes[i%len(modes)], "-queue", queue, "-loops", "2", "-sched", "stealing"}})
	}
	for _, c := range servers {
		server := s.serve(t, c.cert, c.flags...)
		transport := &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: trusting(cert)}
		client := &http.Client{Transport: transport, Timeout: patience}
		var clients sync.WaitGroup
		for i := range 64 {
			clients.Go(func() {
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
						t.Errorf("%v: %v", c.flags, err)
						return
					}
					body, err := readBody(resp)
					if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(body, want) {
						t.Errorf("%v: %s: got %s, %d bytes, %v", c.flags, path, resp.Status, len(body), err)
					}
				}
			})
		}
		clients.Wait()
		transport.CloseIdleConnections()
		if r := server.Stop(0); r.Stderr != "" {
			t.Errorf("%v: the server reported %s", c.flags, r.Stderr)
		}
	}
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
	s := newSite(t)
	for _, cert := range []*apptest.Certificate{nil, apptest.NewCertificate(t)} {
		server := s.serve(t, cert)
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
	}
}

// wrk stops after a fixed time. On a busy machine the test repeats it with a longer time, until
// each connection has had an answer.
func TestWrk(t *testing.T) {
	wrk := apptest.Need(t, "wrk")
	s := newSite(t)
	for _, cert := range []*apptest.Certificate{nil, apptest.NewCertificate(t)} {
		server := s.serve(t, cert)
		for _, duration := range []string{"1s", "8s", "32s"} {
			n, text := load(t, wrk, duration, server.URL+"/hello.txt")
			if n >= wrkConnections {
				break
			}
			if duration == "32s" {
				t.Errorf("got %d requests\n%s", n, text)
			}
		}
		server.Stop(0)
	}
}

const wrkConnections = 256

// load returns how many requests wrk completed, and its output.
func load(t *testing.T, wrk, duration, url string) (int, string) {
	t.Helper()
	c := exec.Command(wrk, "-c", strconv.Itoa(wrkConnections), "-t", "1", "-d", duration, "--timeout", "60s", url)
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
