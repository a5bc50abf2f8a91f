package dns

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// query returns a query for a.example with an OPT record, as resolvers send it.
func query(kind byte) []byte {
	return []byte("\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + question(kind) + "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00")
}

func question(kind byte) string { return "\x01a\x07example\x00\x00" + string(kind) + "\x00\x01" }

// The type of AAAA records.
const typeAAAA = 28

// A reply has the ID and the question of the query, one address if it is a question for one, and no
// additional record.
func TestReply(t *testing.T) {
	t.Parallel()
	for _, kind := range []byte{typeA, typeAAAA} {
		msg := make([]byte, room)
		n := reply(msg, copy(msg, query(kind)), 300, [4]byte{192, 0, 2, 9})
		want := "\x00\x07\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00" + question(kind)
		if kind == typeA {
			want = "\x00\x07\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question(kind) + "\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x09"
		}
		require.Equal(t, []byte(want), msg[:n])
	}
}

// room is the size of a buffer with room for a reply.
const room = 512

// What is no query gets no reply, and no part of it is read beyond its end.
func TestNoReply(t *testing.T) {
	t.Parallel()
	whole := query(typeA)
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
