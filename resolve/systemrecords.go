package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// systemRecords answers a question for records with the methods of net.Resolver.
func systemRecords(ctx context.Context, r *net.Resolver, q Question) (Answer, error) {
	var b recordBuilder
	var err error
	host := systemHost(q)
	switch q.Type {
	case TypeMX:
		var found []*net.MX
		found, err = r.LookupMX(ctx, host)
		for _, mx := range found {
			b.add(q.Type, b.name(binary.BigEndian.AppendUint16(nil, mx.Pref), mx.Host))
		}
	case TypeNS:
		var found []*net.NS
		found, err = r.LookupNS(ctx, host)
		for _, ns := range found {
			b.add(q.Type, b.name(nil, ns.Host))
		}
	case TypeSRV:
		var found []*net.SRV
		_, found, err = r.LookupSRV(ctx, "", "", host)
		for _, srv := range found {
			data := binary.BigEndian.AppendUint16(nil, srv.Priority)
			data = binary.BigEndian.AppendUint16(data, srv.Weight)
			data = binary.BigEndian.AppendUint16(data, srv.Port)
			b.add(q.Type, b.name(data, srv.Target))
		}
	case TypeTXT:
		var found []string
		found, err = r.LookupTXT(ctx, host)
		for _, text := range found {
			b.add(q.Type, characterStrings(text))
		}
	case TypeCNAME:
		var target string
		target, err = r.LookupCNAME(ctx, host)
		if err == nil && !strings.EqualFold(strings.TrimSuffix(target, "."), q.Name.String()) {
			b.add(q.Type, b.name(nil, target))
		}
	case TypePTR:
		addr, ok := reverseAddr(q.Name)
		if !ok {
			return Answer{}, systemError(q, fmt.Errorf("%w: a PTR question for a name that is no address", errors.ErrUnsupported))
		}
		var found []string
		found, err = r.LookupAddr(ctx, addr.String())
		for _, name := range found {
			b.add(q.Type, b.name(nil, name))
		}
	default:
		return Answer{}, systemError(q, errors.ErrUnsupported)
	}
	switch {
	case len(b.records) > 0: // package net may return an error besides, for records that it left out
	case err != nil:
		return Answer{}, fromNet(ctx, q, err)
	case b.err != nil:
		return Answer{}, systemError(q, b.err)
	default:
		return Answer{}, systemError(q, ErrNoData)
	}
	a := NewRecordAnswer(q, b.records)
	a.Origin = OriginSystem
	return a, nil
}

// recordBuilder collects records, and leaves out those with names that no message can hold.
type recordBuilder struct {
	records []Record
	err     error
}

func (b *recordBuilder) add(t Type, data []byte) {
	if data != nil {
		b.records = append(b.records, Record{Type: t, Data: string(data)})
	}
}

// maxWireName bounds a name on the wire (RFC 1035, section 2.3.4).
const maxWireName = 255

// name appends text as an uncompressed name (RFC 1035, section 3.1). It returns nil if that is
// impossible.
func (b *recordBuilder) name(data []byte, text string) []byte {
	start := len(data)
	for text = strings.TrimSuffix(text, "."); text != ""; {
		label, rest, more := strings.Cut(text, ".")
		if label == "" || len(label) > MaxLabelBytes || more && rest == "" {
			b.err = fmt.Errorf("%w: %q is no name", ErrMalformed, clip(text))
			return nil
		}
		data = append(append(data, byte(len(label))), label...)
		text = rest
	}
	if data = append(data, 0); len(data)-start > maxWireName {
		b.err = fmt.Errorf("%w: a name of more than %d bytes", ErrMalformed, maxWireName)
		return nil
	}
	return data
}

// maxCharacterString bounds one string of a TXT record (RFC 1035, section 3.3).
const maxCharacterString = 255

// characterStrings splits text into the strings of a TXT record.
func characterStrings(text string) []byte {
	var data []byte
	for {
		n := min(len(text), maxCharacterString)
		data = append(append(data, byte(n)), text[:n]...)
		if text = text[n:]; text == "" {
			return data
		}
	}
}

// reverseAddr returns the address that a name in in-addr.arpa or ip6.arpa means (RFC 1035, section
// 3.5, and RFC 3596, section 2.5).
func reverseAddr(name Name) (netip.Addr, bool) {
	if text, ok := strings.CutSuffix(name.text, ".in-addr.arpa"); ok {
		labels := strings.Split(text, ".")
		if len(labels) != 4 {
			return netip.Addr{}, false
		}
		addr, err := netip.ParseAddr(labels[3] + "." + labels[2] + "." + labels[1] + "." + labels[0])
		return addr, err == nil
	}
	text, ok := strings.CutSuffix(name.text, ".ip6.arpa")
	if !ok || len(text) != 63 {
		return netip.Addr{}, false
	}
	var b [16]byte
	for i := range 32 {
		nibble, err := strconv.ParseUint(text[2*i:2*i+1], 16, 4)
		if err != nil || 2*i+1 < len(text) && text[2*i+1] != '.' {
			return netip.Addr{}, false
		}
		b[15-i/2] |= byte(nibble) << (4 * (i % 2))
	}
	return netip.AddrFrom16(b), true
}
