package dns

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

func query(t *testing.T, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}},
		Additionals: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("."), Type: dnsmessage.TypeOPT, Class: 1232}, Body: &dnsmessage.OPTResource{}}},
	}
	msg, err := m.Pack()
	require.NoError(t, err)
	return msg
}

// A reply has the ID and the question of the query, one address if it is a question for one, and no
// additional record.
func TestReply(t *testing.T) {
	t.Parallel()
	for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		msg := make([]byte, messageBytesMin)
		n := copy(msg, query(t, "a.example.", kind))
		n = reply(msg, n, 300, [4]byte{192, 0, 2, 9})
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(msg[:n]))
		require.True(t, m.Response && m.RecursionDesired && m.RecursionAvailable)
		require.Equal(t, uint16(7), m.ID)
		require.Equal(t, "a.example.", m.Questions[0].Name.String())
		require.Empty(t, m.Additionals)
		if kind == dnsmessage.TypeAAAA {
			require.Empty(t, m.Answers)
			continue
		}
		require.Len(t, m.Answers, 1)
		require.Equal(t, uint32(300), m.Answers[0].Header.TTL)
		require.Equal(t, netip.MustParseAddr("192.0.2.9"), netip.AddrFrom4(m.Answers[0].Body.(*dnsmessage.AResource).A))
	}
}

const messageBytesMin = 512

// What is no query gets no reply, and no part of it is read beyond its end.
func TestNoReply(t *testing.T) {
	t.Parallel()
	whole := query(t, "a.example.", dnsmessage.TypeA)
	end := questionEnd(whole)
	require.Equal(t, headerBytes+11+4, end)
	for n := range end {
		require.Zero(t, questionEnd(whole[:n]), "%d bytes", n)
		require.Zero(t, reply(bytes.Clone(whole[:n]), n, 0, rightAddr), "%d bytes", n)
	}
	response := bytes.Clone(whole)
	response[2] |= 0x80
	require.Zero(t, questionEnd(response))
	pointer := bytes.Clone(whole)
	pointer[headerBytes] = 0xc0
	require.Zero(t, questionEnd(pointer))
	require.Zero(t, reply(bytes.Clone(whole[:end]), end, 0, rightAddr), "no room for a record")
}

// The flags that start a server say what was asked for.
func TestBehaviourFlags(t *testing.T) {
	t.Parallel()
	want := behaviour{Addr: "127.0.0.1:9", Delay: 1500000, TTL: 9, Loss: 0.25, LoseFirst: true, Forged: 77}
	var got behaviour
	cmd := costCommand()
	cmd.ResetFlags()
	got.register(cmd)
	require.NoError(t, cmd.ParseFlags(want.args()))
	require.Equal(t, want, got)
	require.NoError(t, got.check())
	for _, bad := range []behaviour{{Delay: -1}, {TTL: -1}, {Loss: 1.1}, {Loss: -1}, {Forged: -1}} {
		require.Error(t, bad.check(), "%+v", bad)
	}
}
