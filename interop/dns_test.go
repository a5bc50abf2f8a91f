package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestDNS has clients that use their connection in the body itself.
func TestDNS(t *testing.T) {
	udp, tcp := transport{"udp"}, transport{"tcp"}
	runForms(t,
		check{"udp payload", udp.payload},
		check{"udp many", udp.many},
		check{"udp deadline", udp.deadline},
		check{"tcp payload", tcp.payload},
		check{"tcp many", tcp.many},
		check{"tcp deadline", tcp.deadline},
		check{"tcp large", dnsLarge},
		check{"tcp transfer of a zone", dnsZone},
	)
}

// transport carries DNS.
type transport struct{ network string }

// names is a server of the harness.
type names struct {
	transport
	server *dns.Server
	addr   string
}

func (t transport) open(test *testing.T, h harness, handler dns.HandlerFunc) *names {
	n := &names{transport: t, server: &dns.Server{
		Handler:     handler,
		ReadTimeout: patience,
		IdleTimeout: func() time.Duration { return patience },
	}}
	if t.network == "udp" {
		p, err := h.ListenPacket(test.Context(), "udp", loopback)
		if err != nil {
			test.Fatal(err)
		}
		n.server.PacketConn, n.addr = p, p.LocalAddr().String()
	} else {
		l, err := h.Listen(test.Context(), "tcp", loopback)
		if err != nil {
			test.Fatal(err)
		}
		n.server.Listener, n.addr = l, l.Addr().String()
	}
	started := make(chan struct{})
	n.server.NotifyStartedFunc = func() { close(started) }
	// The server waits for the goroutines of its handlers when it ends.
	h.Go("serve", blocking(h, n.server.ActivateAndServe))
	<-started
	return n
}

// dial connects a body to the server.
func (n *names) dial(ctx context.Context, h harness) (*dns.Conn, error) {
	c, err := h.DialContext(ctx, n.network, n.addr)
	if err != nil {
		return nil, err
	}
	return &dns.Conn{Conn: c}, nil
}

// end shuts the server down, from a body.
func (n *names) end(ctx context.Context, h harness) error {
	return h.Blocking(ctx, n.server.Shutdown)
}

// answer returns a TXT record for each question: its name.
func answer(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(r)
	name := r.Question[0].Name
	m.Answer = append(m.Answer, txt(name, name))
	_ = w.WriteMsg(m)
}

func txt(name string, values ...string) *dns.TXT {
	return &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}, Txt: values}
}

// ask asks for name and expects the answer of function answer.
func ask(c *dns.Conn, name string) error {
	client := dns.Client{Timeout: patience}
	m, _, err := client.ExchangeWithConn(new(dns.Msg).SetQuestion(name, dns.TypeTXT), c)
	if err != nil {
		return err
	}
	if len(m.Answer) != 1 || !m.Response {
		return fmt.Errorf("%s: got %v", name, m)
	}
	return same("TXT", []byte(strings.Join(m.Answer[0].(*dns.TXT).Txt, "")), []byte(name))
}

func (t transport) payload(test *testing.T, h harness) {
	n := t.open(test, h, answer)
	h.Go("client", func(ctx context.Context) error {
		c, err := n.dial(ctx, h)
		if err != nil {
			return err
		}
		for i := range 100 {
			if err := ask(c, fmt.Sprintf("n%d.example.", i)); err != nil {
				return err
			}
		}
		return errors.Join(c.Close(), n.end(ctx, h))
	})
}

// many has a body for each client.
func (t transport) many(test *testing.T, h harness) {
	const clients, questions = 50, 20
	n := t.open(test, h, answer)
	left := make(chan struct{}, clients)
	for i := range clients {
		h.Go("client", func(ctx context.Context) error {
			c, err := n.dial(ctx, h)
			if err != nil {
				return err
			}
			for j := range questions {
				if err := ask(c, fmt.Sprintf("n%d-%d.example.", i, j)); err != nil {
					return err
				}
			}
			left <- struct{}{}
			return c.Close()
		})
	}
	h.Go("end", func(ctx context.Context) error {
		return h.Blocking(ctx, func() error {
			for range clients {
				select {
				case <-left:
				case <-ctx.Done():
					return n.server.Shutdown()
				}
			}
			return n.server.Shutdown()
		})
	})
}

// deadline asks a server that does not answer.
func (t transport) deadline(test *testing.T, h harness) {
	n := t.open(test, h, func(dns.ResponseWriter, *dns.Msg) {})
	h.Go("client", func(ctx context.Context) error {
		c, err := n.dial(ctx, h)
		if err != nil {
			return err
		}
		client := dns.Client{Timeout: short}
		_, _, err = client.ExchangeWithConn(new(dns.Msg).SetQuestion("example.", dns.TypeTXT), c)
		return errors.Join(mustTimeOut("Exchange", err), c.Close(), n.end(ctx, h))
	})
}

// dnsLarge gets an answer near the bound of 64 KiB.
func dnsLarge(t *testing.T, h harness) {
	const records = 240
	n := transport{"tcp"}.open(t, h, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(r)
		for range records {
			m.Answer = append(m.Answer, txt(r.Question[0].Name, strings.Repeat("x", 250)))
		}
		_ = w.WriteMsg(m)
	})
	h.Go("client", func(ctx context.Context) error {
		c, err := n.dial(ctx, h)
		if err != nil {
			return err
		}
		client := dns.Client{Timeout: patience}
		m, _, err := client.ExchangeWithConn(new(dns.Msg).SetQuestion("e.", dns.TypeTXT), c)
		if err == nil && len(m.Answer) != records {
			err = fmt.Errorf("got %d records, want %d", len(m.Answer), records)
		}
		return errors.Join(err, c.Close(), n.end(ctx, h))
	})
}

// dnsZone reads many messages on one connection. The library reads them in a goroutine.
func dnsZone(t *testing.T, h harness) {
	const records, perMessage = 20_000, 100
	soa := &dns.SOA{Hdr: dns.RR_Header{Name: "e.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: "n.e.", Mbox: "m.e."}
	n := transport{"tcp"}.open(t, h, func(w dns.ResponseWriter, r *dns.Msg) {
		out := make(chan *dns.Envelope)
		var transferred = make(chan error, 1)
		go func() { transferred <- new(dns.Transfer).Out(w, r, out) }()
		send := func(rrs ...dns.RR) bool {
			select {
			case out <- &dns.Envelope{RR: rrs}:
				return true
			case <-transferred:
				return false
			}
		}
		ok := send(soa)
		for i := 0; ok && i < records/perMessage; i++ {
			var rrs []dns.RR
			for j := range perMessage {
				rrs = append(rrs, txt("e.", fmt.Sprint(i*perMessage+j)))
			}
			ok = send(rrs...)
		}
		if ok && send(soa) {
			close(out)
			<-transferred
		}
	})
	h.Go("client", func(ctx context.Context) error {
		c, err := n.dial(ctx, h)
		if err != nil {
			return err
		}
		err = h.Blocking(ctx, func() error {
			in, err := (&dns.Transfer{Conn: c, ReadTimeout: patience, WriteTimeout: patience}).In(new(dns.Msg).SetAxfr("e."), "")
			if err != nil {
				return err
			}
			next := 0
			for e := range in {
				if e.Error != nil {
					err = errors.Join(err, e.Error)
				}
				for _, rr := range e.RR {
					if t, ok := rr.(*dns.TXT); ok {
						if want := fmt.Sprint(next); t.Txt[0] != want && err == nil {
							err = fmt.Errorf("got record %s, want %s", t.Txt[0], want)
						}
						next++
					}
				}
			}
			if err == nil && next != records {
				err = fmt.Errorf("got %d records, want %d", next, records)
			}
			return err
		})
		_ = c.Close() // the library has closed it
		return errors.Join(err, n.end(ctx, h))
	})
}
