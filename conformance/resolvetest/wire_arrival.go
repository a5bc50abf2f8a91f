package resolvetest

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/dns/dnsmessage"
)

// arrival is a query that a server has received.
type arrival struct {
	server *server
	n      int            // which one of the server
	peer   *peer          // the stream; nil for a datagram
	from   netip.AddrPort // of a datagram
	raw    []byte
	dnsmessage.Message
}

func (q *arrival) parse() error { return q.Unpack(q.raw) }

func (q *arrival) question() dnsmessage.Question { return q.Questions[0] }

// name returns the name that was asked for, with its final dot, as the query spells it.
func (q *arrival) name() string { return q.question().Name.String() }

func (q *arrival) stream() bool { return q.peer != nil }

// opt returns the OPT record of the query, or nil.
func (q *arrival) opt() *dnsmessage.OPTResource {
	for _, r := range q.Additionals {
		if o, ok := r.Body.(*dnsmessage.OPTResource); ok {
			return o
		}
	}
	return nil
}

// optionCookie is the code of RFC 7873.
const optionCookie = 10

// cookie returns the cookie of the query, or nil.
func (q *arrival) cookie() []byte {
	if o := q.opt(); o != nil {
		for _, x := range o.Options {
			if x.Code == optionCookie {
				return x.Data
			}
		}
	}
	return nil
}

// edit changes a reply before it is sent.
type edit func(m *dnsmessage.Message)

// reply sends the reply to q.
func (q *arrival) reply(edits ...edit) { q.send(q.packed(edits...)) }

// send sends a message to the socket that q came from. Over a stream, its length comes first.
func (q *arrival) send(message []byte) {
	if q.peer != nil {
		q.peer.write(framed(message))
		return
	}
	q.sendTo(message, q.from)
}

// sendTo sends a datagram to another socket. An error is a lost datagram.
func (q *arrival) sendTo(message []byte, to netip.AddrPort) {
	q.server.mu.Lock()
	c := q.server.udp
	q.server.mu.Unlock()
	_, _ = c.WriteToUDPAddrPort(message, to)
}

// packed returns the reply to q: one address, or what the edits make of it.
func (q *arrival) packed(edits ...edit) []byte {
	question := q.question()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.ID, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	holding("192.0.2.1")(&m)
	if question.Type == dnsmessage.TypeAAAA {
		holding("2001:db8::1")(&m)
	}
	if q.opt() != nil {
		withOPT()(&m)
	}
	for _, e := range edits {
		e(&m)
	}
	// Pack writes to the records, and the servers of a case may share those of an edit.
	m.Answers, m.Authorities, m.Additionals = slices.Clone(m.Answers), slices.Clone(m.Authorities), slices.Clone(m.Additionals)
	b, err := m.Pack()
	if err != nil {
		q.server.t.Errorf("reply to %s: %v", q.name(), err)
	}
	return b
}

// holding makes the reply hold these addresses.
func holding(texts ...string) edit {
	return func(m *dnsmessage.Message) {
		m.Answers = nil
		for _, a := range addrs(texts...) {
			m.Answers = append(m.Answers, record(m.Questions[0].Name, address(a)))
		}
	}
}

func address(a netip.Addr) dnsmessage.ResourceBody {
	if a.Is4() {
		return &dnsmessage.AResource{A: a.As4()}
	}
	return &dnsmessage.AAAAResource{AAAA: a.As16()}
}

// ttl is that of every record, in seconds.
const ttl = 60

func record(owner dnsmessage.Name, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET, TTL: ttl}, Body: body}
}

func dnsName(text string) dnsmessage.Name { return dnsmessage.MustNewName(text) }

// withOPT makes the reply have one OPT record with these options.
func withOPT(options ...dnsmessage.Option) edit {
	return func(m *dnsmessage.Message) {
		m.Additionals = []dnsmessage.Resource{optRecord(0, options...)}
	}
}

// optRecord returns an OPT record with the upper bits of the response code.
func optRecord(rcode dnsmessage.RCode, options ...dnsmessage.Option) dnsmessage.Resource {
	var h dnsmessage.ResourceHeader
	_ = h.SetEDNS0(1232, rcode, false)
	return dnsmessage.Resource{Header: h, Body: &dnsmessage.OPTResource{Options: options}}
}

// rcode makes the reply an error. A code above 15 needs an OPT record (RFC 6891, section 6.1.3).
func rcode(code dnsmessage.RCode) edit {
	return func(m *dnsmessage.Message) {
		m.RCode, m.Answers = code&0x0f, nil
		if code > 0x0f {
			m.Additionals = []dnsmessage.Resource{optRecord(code)}
		}
	}
}

// withoutOPT removes the OPT record.
func withoutOPT(m *dnsmessage.Message) { m.Additionals = nil }

// empty removes the answers.
func empty(m *dnsmessage.Message) { m.Answers = nil }

// withSOA adds the SOA record of a zone above the name.
func withSOA(m *dnsmessage.Message) {
	m.Authorities = append(m.Authorities, record(dnsName("example."), &dnsmessage.SOAResource{
		NS: dnsName("ns.example."), MBox: dnsName("admin.example."), Serial: 1, Refresh: 2, Retry: 3, Expire: 4, MinTTL: ttl}))
}

// truncated sets TC.
func truncated(m *dnsmessage.Message) { m.Truncated = true }

// answers returns a handler that replies to every query.
func answers(edits ...edit) func(q *arrival) { return func(q *arrival) { q.reply(edits...) } }

// silent is a handler that replies to no query.
func silent(*arrival) {}

// overDatagrams returns a handler that does one thing for datagrams and replies over streams.
func overDatagrams(handle func(q *arrival)) func(q *arrival) {
	return func(q *arrival) {
		if q.stream() {
			q.reply()
			return
		}
		handle(q)
	}
}

// forged is an address that no lookup may return.
const forged = "198.51.100.66"

// otherID returns a message with another ID.
func otherID(message []byte, add uint16) []byte {
	binary.BigEndian.PutUint16(message, binary.BigEndian.Uint16(message)+add)
	return message
}

// spoof sends a datagram to the socket that q came from, from a socket of its own.
func (q *arrival) spoof(message []byte) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		q.server.t.Errorf("spoof: %v", err)
		return
	}
	defer c.Close()
	_, _ = c.WriteToUDPAddrPort(message, q.from)
}
