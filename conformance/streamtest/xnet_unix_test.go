//go:build unix

package streamtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sys"
	"golang.org/x/net/ipv4"
)

// TestBatchesOfXNet moves batches by golang.org/x/net/ipv4, on which quic-go and others depend. It
// calls recvmmsg(2) itself, in functions of SyscallConn, and without MSG_DONTWAIT.
func TestBatchesOfXNet(t *testing.T) {
	for _, target := range append(onSingle(), parked()) {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			s := suite.Of(t)
			f, err := target.Open(s)
			if err != nil {
				t.Fatal(err)
			}
			in(batchesOfXNet)(s, f)
		})
	}
}

func batchesOfXNet(w *world) {
	c, peer := w.packetPair()
	batches := ipv4.NewPacketConn(c)
	w.check(batches.SetControlMessage(ipv4.FlagDst, true), "SetControlMessage")
	ms := make([]ipv4.Message, 4)
	for i := range ms {
		ms[i] = ipv4.Message{Buffers: [][]byte{make([]byte, 64)}, OOB: make([]byte, controlRoom)}
	}
	read := func() *pending[count] {
		return call(w, "read batch", func() count {
			n, err := batches.ReadBatch(ms, 0)
			return count{n, err}
		})
	}
	for round := range 2 {
		n := w.waits(sys.Readable)
		p := read()
		w.waiting(sys.Readable, n)
		sent := []string{fmt.Sprint("one ", round), "two", "three"}
		w.post(peer, c, sent...)
		for got := 0; ; p = read() {
			r := p.get()
			w.check(r.err, "read batch")
			for _, m := range ms[:r.n] {
				var control ipv4.ControlMessage
				if err := control.Parse(m.OOB[:m.NN]); err != nil || !control.Dst.Equal(net.IPv4(127, 0, 0, 1)) {
					w.Errorf("control message %v, %v; want destination 127.0.0.1", control, err)
				}
				if text := string(m.Buffers[0][:m.N]); text != sent[got] || m.Addr.String() != peer.LocalAddr().String() {
					w.Errorf("got %q from %v, want %q from %v", text, m.Addr, sent[got], peer.LocalAddr())
				}
				got++
			}
			if got == len(sent) {
				break
			}
		}
		// In the second round, a file has made the handle blocking.
		f, err := c.File()
		w.check(err, "file")
		w.own(f)
		w.own(posting{c.LocalAddr().String()})
	}
	out := []ipv4.Message{{Buffers: [][]byte{[]byte("back "), []byte("again")}, Addr: peer.LocalAddr()}, {Buffers: [][]byte{[]byte("last")}, Addr: peer.LocalAddr()}}
	for sent := 0; sent < len(out); {
		got := call(w, "write batch", func() count {
			n, err := batches.WriteBatch(out[sent:], 0)
			return count{n, err}
		}).get()
		w.check(got.err, "write batch")
		sent += got.n
	}
	w.delivered(peer, "back again", "last")
	n := w.waits(sys.Readable)
	p := read()
	w.waiting(sys.Readable, n)
	w.check(c.SetReadDeadline(time.Unix(1, 0)), "set read deadline")
	if got := p.get(); !errors.Is(got.err, os.ErrDeadlineExceeded) {
		w.Errorf("late batch: %d, %v, want os.ErrDeadlineExceeded", got.n, got.err)
	}
	w.check(c.SetReadDeadline(time.Time{}), "clear read deadline")
	n = w.waits(sys.Readable)
	p = read()
	w.waiting(sys.Readable, n)
	w.check(c.Close(), "close")
	if got := p.get(); !errors.Is(got.err, net.ErrClosed) {
		w.Errorf("batch of a closed connection: %d, %v, want net.ErrClosed", got.n, got.err)
	}
}
