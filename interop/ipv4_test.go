package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// TestIPv4 has bodies that use their connection themselves.
func TestIPv4(t *testing.T) {
	runForms(t,
		check{"options", ipv4Options},
		check{"control messages", ipv4Control},
		check{"batches", ipv4Batches},
		check{"deadline", ipv4Deadline},
		check{"close", ipv4Close},
	)
}

func listenIPv4(t *testing.T, h harness) (net.PacketConn, *ipv4.PacketConn) {
	c, err := h.ListenPacket(t.Context(), "udp4", loopback)
	if err != nil {
		t.Fatal(err)
	}
	return c, ipv4.NewPacketConn(c)
}

func ipv4Options(t *testing.T, h harness) {
	_, p := listenIPv4(t, h)
	h.Go("body", func(context.Context) error {
		for _, set := range []func() error{
			func() error { return p.SetTTL(7) },
			func() error { return p.SetTOS(0x28) },
			func() error { return p.SetMulticastTTL(3) },
			func() error { return p.SetMulticastLoopback(true) },
		} {
			if err := set(); err != nil {
				return errors.Join(err, p.Close())
			}
		}
		ttl, err := p.TTL()
		tos, err2 := p.TOS()
		if ttl != 7 || tos != 0x28 {
			err = errors.Join(err, fmt.Errorf("got TTL %d and TOS %#x, want 7 and 0x28", ttl, tos))
		}
		return errors.Join(err, err2, p.Close())
	})
}

// ipv4Control receives the TTL and the destination with each datagram.
func ipv4Control(t *testing.T, h harness) {
	const ttl = 42
	from, sender := listenIPv4(t, h)
	to, receiver := listenIPv4(t, h)
	want := payload(1000, 1)
	h.Go("body", func(context.Context) error {
		defer from.Close()
		defer to.Close()
		if err := receiver.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst|ipv4.FlagInterface, true); err != nil {
			return err
		}
		if err := sender.SetTTL(ttl); err != nil {
			return err
		}
		// ReadFrom and WriteTo with control messages know only the concrete types of package net.
		cm := ipv4.ControlMessage{Src: net.IPv4(127, 0, 0, 1)}
		sent := []ipv4.Message{{Buffers: [][]byte{want}, OOB: cm.Marshal(), Addr: to.LocalAddr()}}
		if n, err := sender.WriteBatch(sent, 0); err != nil || n != 1 || sent[0].N != len(want) {
			return fmt.Errorf("sent %d datagrams, of %d bytes, want one of %d: %w", n, sent[0].N, len(want), err)
		}
		got := []ipv4.Message{{Buffers: [][]byte{make([]byte, 2000)}, OOB: make([]byte, 200)}}
		if n, err := receiver.ReadBatch(got, 0); err != nil || n != 1 {
			return fmt.Errorf("received %d datagrams: %w", n, err)
		}
		m := got[0]
		if err := cm.Parse(m.OOB[:m.NN]); err != nil {
			return err
		}
		if cm.TTL != ttl || !cm.Dst.IsLoopback() || cm.IfIndex == 0 || m.Addr.String() != from.LocalAddr().String() {
			return fmt.Errorf("got control message %v from %v", cm, m.Addr)
		}
		return same("datagram", m.Buffers[0][:m.N], want)
	})
}

// ipv4Batches sends and receives several datagrams per call.
func ipv4Batches(t *testing.T, h harness) {
	const batches, size = 100, 8
	a, sender := listenIPv4(t, h)
	b, receiver := listenIPv4(t, h)
	h.Go("sender", func(context.Context) error {
		ack := make([]byte, 1)
		for i := range batches {
			ms := make([]ipv4.Message, size)
			for j := range ms {
				ms[j] = ipv4.Message{Buffers: [][]byte{payload(500, uint64(i)), {byte(j)}}, Addr: b.LocalAddr()}
			}
			for sent := 0; sent < size; {
				n, err := sender.WriteBatch(ms[sent:], 0)
				if err != nil {
					return err
				}
				sent += n
			}
			if _, _, err := a.ReadFrom(ack); err != nil { // else the buffer of the receiver would overflow
				return err
			}
		}
		return a.Close()
	})
	h.Go("receiver", func(context.Context) error {
		for i := range batches {
			ms := make([]ipv4.Message, size)
			for j := range ms {
				ms[j].Buffers = [][]byte{make([]byte, 1000)}
			}
			for got := 0; got < size; {
				n, err := receiver.ReadBatch(ms[got:], 0)
				if err != nil {
					return err
				}
				got += n
			}
			for j, m := range ms {
				want := append(payload(500, uint64(i)), byte(j))
				if err := same("datagram", m.Buffers[0][:m.N], want); err != nil {
					return err
				}
			}
			if _, err := b.WriteTo([]byte{1}, a.LocalAddr()); err != nil {
				return err
			}
		}
		return b.Close()
	})
}

func ipv4Deadline(t *testing.T, h harness) {
	_, p := listenIPv4(t, h)
	h.Go("body", func(context.Context) error {
		if err := p.SetReadDeadline(time.Now().Add(short)); err != nil {
			return err
		}
		_, err := p.ReadBatch([]ipv4.Message{{Buffers: [][]byte{make([]byte, 10)}}}, 0)
		return errors.Join(mustTimeOut("ReadBatch", err), p.Close())
	})
}

// ipv4Close closes the socket while ReadBatch waits or before it does.
func ipv4Close(t *testing.T, h harness) {
	_, p := listenIPv4(t, h)
	h.Go("reader", func(context.Context) error {
		_, err := p.ReadBatch([]ipv4.Message{{Buffers: [][]byte{make([]byte, 10)}}}, 0)
		return mustBe("ReadBatch", err, net.ErrClosed)
	})
	h.Go("closer", func(context.Context) error { return p.Close() })
}
