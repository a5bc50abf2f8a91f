package server

import (
	"context"
	"crypto/tls"
	"io"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	// tlsHandshakeMax bounds a handshake, during which a connection has a stack.
	tlsHandshakeMax = 30 * time.Second
	// tlsTurnBytes bounds the bytes that a connection echoes before other tasks run.
	tlsTurnBytes = 64 << 10
)

// tlsHandlers makes the handlers of TLS connections.
type tlsHandlers struct {
	config  *tls.Config
	buffers sync.Pool // of *[tlsBuffer]byte: a connection has one only during a step
}

func newTLSHandlers(config *tls.Config) *tlsHandlers {
	return &tlsHandlers{config: config, buffers: sync.Pool{New: func() any { return new([tlsBuffer]byte) }}}
}

// serve does the handshake in the task, which then ends. A handler on the same loop continues.
func (h *tlsHandlers) serve(t *sched.Task, conn *stream.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(tlsHandshakeMax)); err != nil {
		return err
	}
	sock, err := tlsconn.ServerSocket(context.Background(), conn, h.config)
	if err != nil {
		return err
	}
	if _, err := t.Loop().StartHandler(sock.Handle(), &tlsHandler{sock: sock, handlers: h}); err != nil {
		sock.Close()
		return err
	}
	return nil
}

// tlsHandler sends back what arrives until the peer ends the stream.
type tlsHandler struct {
	sock     *tlsconn.Socket
	handlers *tlsHandlers
	ended    bool // by the peer
}

// Step reads only when the kernel has taken everything that was written, so that it can always
// write what it reads.
func (h *tlsHandler) Step(sched.HandlerTask, sched.Cause) sched.Next {
	buf := h.handlers.buffers.Get().(*[tlsBuffer]byte)
	defer h.handlers.buffers.Put(buf)
	for moved := 0; moved < tlsTurnBytes; {
		switch err := h.sock.TryFlush(); {
		case err == sys.ErrWouldBlock:
			return sched.WaitFor(queue.Writable)
		case err != nil || h.ended:
			return sched.Done(err)
		}
		n, err := h.sock.TryRead(buf[:])
		switch {
		case err == io.EOF:
			h.ended = true
			err = h.sock.CloseWrite()
		case err == sys.ErrWouldBlock:
			return sched.WaitFor(h.awaited())
		case err == nil:
			_, err = h.sock.TryWrite(buf[:n])
		}
		if err != nil && err != sys.ErrWouldBlock {
			return sched.Done(err)
		}
		moved += n
	}
	return sched.Again()
}

// awaited returns what a read that would block waits for.
func (h *tlsHandler) awaited() queue.Interest {
	wanted := queue.None
	for d := sys.Readable; d <= sys.Writable; d++ {
		if h.sock.Awaits(d) {
			wanted |= queue.InterestOf(d)
		}
	}
	return wanted
}

// End closes the connection, for whatever reason it ended.
func (h *tlsHandler) End(error) { h.sock.Close() }
