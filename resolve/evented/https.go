package evented

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve/stub"
)

// dnsMessage is the media type of RFC 8484, section 6.
const dnsMessage = "application/dns-message"

// https posts queries to a server. Each of its requests has a goroutine, at most httpsRequests.
type https struct {
	r      *Resolver
	link   *stub.Link
	url    string
	client *http.Client
	ctx    context.Context
	stop   context.CancelFunc

	mu      sync.Mutex
	queue   [][]byte // the core bounds the queries in flight
	workers int
}

func (r *Resolver) openHTTPS(l *stub.Link, s Server) transport {
	address := s.Addr.String()
	var config *tls.Config
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	h := &https{r: r, link: l, url: s.URL, client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return r.dial(ctx, "tcp", address)
		},
		TLSClientConfig: config, TLSHandshakeTimeout: connectTimeout, ForceAttemptHTTP2: true,
		MaxConnsPerHost: httpsRequests, MaxIdleConnsPerHost: httpsRequests, IdleConnTimeout: 30 * time.Second,
	}}}
	h.ctx, h.stop = context.WithCancel(r.ctx)
	return h
}

// send queues a message, which begins with its length.
func (h *https) send(message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = append(h.queue, bytes.Clone(message[2:]))
	if h.workers < httpsRequests {
		h.workers++
		h.r.goroutines.Go(h.work)
	}
}

func (h *https) close() {
	h.stop()
	h.client.CloseIdleConnections()
}

// work posts queued queries until there are none.
func (h *https) work() {
	for {
		h.mu.Lock()
		if len(h.queue) == 0 || h.ctx.Err() != nil {
			h.workers--
			h.mu.Unlock()
			return
		}
		query := h.queue[0]
		h.queue = h.queue[1:]
		h.mu.Unlock()
		reply, err := h.post(query)
		if err != nil {
			h.r.failed(h.link, err)
			continue
		}
		h.r.mu.Lock()
		h.r.core.Message(h.link, reply, h.r.now())
		h.r.unlock(nil)
	}
}

// post sends one query. On the wire its ID is zero, so that caches of HTTP recognize equal queries
// (RFC 8484, section 4.1).
func (h *https) post(query []byte) ([]byte, error) {
	id := binary.BigEndian.Uint16(query)
	binary.BigEndian.PutUint16(query, 0)
	request, err := http.NewRequestWithContext(h.ctx, http.MethodPost, h.url, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", dnsMessage)
	request.Header.Set("Accept", dnsMessage)
	response, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("evented: post to %s: status %s", h.url, response.Status)
	}
	if got := response.Header.Get("Content-Type"); got != dnsMessage {
		return nil, fmt.Errorf("evented: post to %s: content type %q: want %s", h.url, got, dnsMessage)
	}
	reply, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return nil, err
	}
	if len(reply) < 2 {
		return nil, fmt.Errorf("evented: post to %s: a reply of %d bytes", h.url, len(reply))
	}
	binary.BigEndian.PutUint16(reply, id)
	return reply, nil
}
