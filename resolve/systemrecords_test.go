package resolve

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// server is a resolver whose server has one record of each type.
func server(t *testing.T, records map[Type]string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, conn := net.Pipe() // not a PacketConn: the messages have a length, as over TCP
		go func() {
			defer conn.Close()
			size := make([]byte, 2)
			for {
				if _, err := io.ReadFull(conn, size); err != nil {
					return
				}
				m := make([]byte, binary.BigEndian.Uint16(size))
				if _, err := io.ReadFull(conn, m); err != nil {
					return
				}
				end := 12
				for ; m[end] != 0; end += 1 + int(m[end]) {
				}
				end += 5
				reply := slices.Clone(m[:end])
				copy(reply[2:], "\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00")
				if data, ok := records[Type(binary.BigEndian.Uint16(m[end-4:]))]; ok {
					reply[7] = 1
					reply = append(reply, "\xc0\x0c"...)
					reply = append(append(reply, m[end-4:end]...), "\x00\x00\x00\x3c"...)
					reply = append(binary.BigEndian.AppendUint16(reply, uint16(len(data))), data...)
				}
				if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
					return
				}
			}
		}()
		return client, nil
	}}
}

func TestSystemAnswersRecords(t *testing.T) {
	const name = "\x04mail\x07example\x00"
	records := map[Type]string{
		TypeA: "\xc0\x00\x02\x01", TypeMX: "\x00\x0a" + name, TypeNS: name, TypePTR: name, TypeTXT: "\x02ab\x01c",
		TypeSRV: "\x00\x01\x00\x02\x01\xbb" + name,
	}
	s := System{Resolver: server(t, records)}
	for typ, want := range map[Type]string{TypeMX: records[TypeMX], TypeNS: name, TypeSRV: records[TypeSRV], TypeTXT: "\x03abc"} {
		q := mustQuestion(t, "one.example", typ)
		a, err := s.Lookup(t.Context(), q)
		require.NoError(t, err, typ)
		require.Equal(t, []Record{{Type: typ, Data: want}}, slices.Collect(a.Records()), typ)
		require.Equal(t, OriginSystem, a.Origin)
		require.True(t, a.Expires.IsZero())
	}
	a, err := s.Lookup(t.Context(), mustQuestion(t, "1.2.0.192.in-addr.arpa", TypePTR))
	require.NoError(t, err)
	require.Equal(t, []Record{{Type: TypePTR, Data: name}}, slices.Collect(a.Records()))

	_, err = s.Lookup(t.Context(), mustQuestion(t, "one.example", TypeCNAME))
	require.ErrorIs(t, err, ErrNoData)
	_, err = s.Lookup(t.Context(), mustQuestion(t, "one.example", TypePTR))
	require.Error(t, err)
	_, err = (System{Resolver: server(t, nil)}).Lookup(t.Context(), mustQuestion(t, "one.example", TypeMX))
	require.ErrorIs(t, err, ErrNotFound) // package net does not distinguish it from ErrNoData
}

func TestSystemWithoutCancellation(t *testing.T) {
	s := System{Resolver: server(t, map[Type]string{TypeA: "\xc0\x00\x02\x01"})}
	a, err := s.Lookup(context.Background(), mustQuestion(t, "one.example", TypeA))
	require.NoError(t, err)
	require.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, a.AppendAddrs(nil))
	_, err = s.Lookup(context.Background(), mustQuestion(t, "one.example", TypeAAAA))
	require.ErrorIs(t, err, ErrNoData)
}

func TestNamesOnTheWire(t *testing.T) {
	label := strings.Repeat("a", 63)
	for text, want := range map[string]string{
		".": "\x00", "": "\x00", "a.": "\x01a\x00", "Mail.example.": "\x04Mail\x07example\x00",
		"a..b": "", label + "a": "", strings.Repeat(label+".", 4): "",
	} {
		var b recordBuilder
		require.Equal(t, want, string(b.name(nil, text)), "%q", text)
		require.Equal(t, want == "", b.err != nil, "%q", text)
	}
	long := strings.Repeat("x", 300)
	require.Equal(t, "\xff"+long[:255]+"\x2d"+long[255:], string(characterStrings(long)))
	require.Equal(t, "\x00", string(characterStrings("")))
}

func TestReverseNames(t *testing.T) {
	for text, want := range map[string]string{
		"1.2.0.192.in-addr.arpa": "192.0.2.1",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": "2001:db8::1",
		"2.0.192.in-addr.arpa": "", "1.2.3.4.5.in-addr.arpa": "", "300.2.0.192.in-addr.arpa": "", "1.ip6.arpa": "", "one.example": "",
	} {
		name, err := ParseName(text)
		require.NoError(t, err)
		addr, ok := reverseAddr(name)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, addr.String())
		}
	}
}
