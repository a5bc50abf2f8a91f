package message

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

// reflected returns the query to q as a reply.
func reflected(t testing.TB, q resolve.Question, mixed *CaseMask) []byte {
	t.Helper()
	msg, err := AppendQuery(nil, Query{ID: 9, Question: q, Mixed: mixed})
	require.NoError(t, err)
	msg[2] |= flagQR
	return msg
}

func TestVerdictNamesTheDifference(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	good := func() []byte { return reflected(t, q, nil) }
	change := func(offset int, b byte) []byte {
		msg := good()
		msg[offset] = b
		return msg
	}
	for _, c := range []struct {
		text string
		msg  []byte
		want Verdict
	}{
		{"the right question", good(), Good},
		{"other bytes after the question", append(good(), 1, 2, 3), Good},
		{"nothing", nil, Short},
		{"11 bytes", good()[:11], Short},
		{"the query", change(2, 0x01), NotReply},
		{"NOTIFY", change(2, 0xa0), Opcode},
		{"QDCOUNT 0", change(5, 0), NoQuestion},
		{"QDCOUNT 2", change(5, 2), QuestionCount},
		{"QDCOUNT 257", change(4, 1), QuestionCount},
		{"header only", good()[:12], Malformed},
		{"cut in the name", good()[:18], Malformed},
		{"cut in the class", good()[:len(good())-1], Malformed},
		{"a pointer as name", change(12, 0xc0), Malformed},
		{"a reserved label type", change(12, 0x40), Malformed},
		{"another type", change(len(good())-3, 28), OtherQuestion},
		{"another class", change(len(good())-1, 3), OtherQuestion},
		{"another letter", change(13, 'x'), OtherQuestion},
		{"a dot in a label", change(14, '.'), OtherQuestion},
		{"upper case", change(13, 'W'), Good},
		{"a longer name", reflected(t, question(t, "www.example.com", resolve.TypeA), nil), OtherQuestion},
		{"a shorter name", reflected(t, question(t, "www", resolve.TypeA), nil), OtherQuestion},
		{"the root", reflected(t, question(t, ".", resolve.TypeA), nil), OtherQuestion},
		{"other labels, same letters", reflected(t, question(t, "wwwe.xample", resolve.TypeA), nil), OtherQuestion},
	} {
		require.Equal(t, c.want, Matches(c.msg, q, nil), c.text)
	}
	joined := []byte("\x00\x09\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0bwww.example\x00\x00\x01\x00\x01")
	require.Equal(t, OtherQuestion, Matches(joined, q, nil), "one label with a dot in it")
}

func TestMixedCaseMustComeBack(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	mask := CaseMask{0b10011}
	require.Equal(t, Good, Matches(reflected(t, q, &mask), q, &mask))
	require.Equal(t, CaseDiffers, Matches(reflected(t, q, nil), q, &mask))
	require.Equal(t, CaseDiffers, Matches(reflected(t, q, &CaseMask{0b10111}), q, &mask))
	require.Equal(t, CaseDiffers, Matches(reflected(t, q, &mask), q, &CaseMask{}), "an empty mask wants lower case")
	require.Equal(t, OtherQuestion, Matches(reflected(t, question(t, "wwx.example", resolve.TypeA), &mask), q, &mask))
}

func TestRootMatches(t *testing.T) {
	q := question(t, ".", resolve.TypeNS)
	require.Equal(t, Good, Matches(reflected(t, q, nil), q, nil))
	require.Equal(t, OtherQuestion, Matches(reflected(t, question(t, "a", resolve.TypeNS), nil), q, nil))
}

func TestPeekReadsTheHeader(t *testing.T) {
	_, ok := Peek(make([]byte, 11))
	require.False(t, ok)
	h, ok := Peek([]byte{0x12, 0x34, 0x82, 0x85, 0, 3, 0, 0, 0, 0, 0, 0})
	require.True(t, ok)
	require.Equal(t, Header{ID: 0x1234, Reply: true, Truncated: true, RCode: resolve.RCodeRefused, Questions: 3}, h)
}

func TestMatchesDoesNotAllocate(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	msg, mask := reflected(t, q, nil), CaseMask{}
	require.Zero(t, testing.AllocsPerRun(100, func() { Matches(msg, q, &mask) }))
}
