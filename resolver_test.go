package edgewise

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/sched"
)

// nameServer answers A questions with 127.0.0.1, and says that other types have no data. Names that
// begin with "missing" do not exist. Its socket is one of package stream, because package net has
// no UDP under Wine.
func nameServer(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := opened(t, Options{Loops: 1, Resolve: "pool"}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for query := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(nameReply(query[:n]), from)
		}
	})
	t.Cleanup(func() {
		conn.Close()
		served.Wait()
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// nameReply returns the reply to a query (RFC 1035, section 4.1).
func nameReply(query []byte) []byte {
	const header = 12
	end := header
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5
	reply := append([]byte(nil), query[:end]...)
	reply[2], reply[3] = 0x81, 0x80 // QR, RD, RA
	clear(reply[6:header])
	switch {
	case strings.HasPrefix(string(query[header+1:end]), "missing"):
		reply[3] |= 3 // NXDOMAIN
	case binary.BigEndian.Uint16(query[end-4:]) == uint16(resolve.TypeA):
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	return reply
}

// The strategies that ask name servers do so over each event queue, for tasks and goroutines, and
// for dials.
func TestNamesAreResolvedOverEachQueue(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, mechanism := range auto.Names() {
		if q, err := auto.ByName(mechanism); err != nil {
			t.Logf("%s: not available: %v", mechanism, err)
			continue
		} else if err := q.Close(); err != nil {
			t.Error(err)
		}
		for _, strategy := range []string{"evented", "adaptive"} {
			t.Run(mechanism+"/"+strategy, func(t *testing.T) {
				s := opened(t, Options{Queue: mechanism, Resolve: strategy, Loops: 1, NameServers: []netip.AddrPort{nameServer(t)}})
				looks := func(ctx context.Context, who string) {
					addrs, err := s.Resolver().LookupHost(ctx, who+".example.")
					if err != nil || len(addrs) != 1 || addrs[0] != "127.0.0.1" {
						t.Errorf("%s: %v, %v", who, addrs, err)
					}
					if _, err := s.Resolver().LookupHost(ctx, "missing."+who+".example."); !isNotFound(err) {
						t.Errorf("%s: %v, want an error of a name that does not exist", who, err)
					}
					conn, err := s.DialContext(ctx, "tcp", "dial."+who+".example.:"+port)
					if err != nil {
						t.Errorf("%s: %v", who, err)
						return
					}
					conn.Close()
				}
				looks(t.Context(), "goroutine")
				if err := s.Call(t.Context(), "lookups", func(task *sched.Task) error {
					looks(task.Context(), "task")
					return nil
				}); err != nil {
					t.Error(err)
				}
				addrs, err := s.Resolver().NetResolver().LookupNetIP(t.Context(), "ip4", "bridge.example.")
				if err != nil || len(addrs) != 1 {
					t.Errorf("net.Resolver: %v, %v", addrs, err)
				}
			})
		}
	}
}

func isNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}
