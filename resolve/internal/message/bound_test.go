package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

func TestReadAllocations(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	cookie := dnsmessage.Option{Code: optionCookie, Data: make([]byte, 24)}
	one := []func(*script){a("www.example.", 60, "192.0.2.1"), additional, opt(1232, 0, cookie)}
	link := cname("www.example.", 60, "a.example.")
	for _, c := range []struct {
		text  string
		build []func(*script)
		want  float64
	}{
		{"one address", one, 0},
		{"several", []func(*script){a("www.example.", 60, "192.0.2.1"), a("www.example.", 60, "192.0.2.2")}, 1},
		{"many", many(20), 1},
		{"one at the end of a chain", append([]func(*script){link, a("a.example.", 60, "192.0.2.1")}, one[1:]...), 1},
		{"none", []func(*script){authority, soa("example.", 1, 1)}, 0},
	} {
		msg := reply(t, q, dnsmessage.Header{}, c.build...)
		var r Reply
		require.Equal(t, c.want, testing.AllocsPerRun(100, func() { _ = Read(msg, q, Matches(msg, q, nil), epoch, &r) }), c.text)
	}
}

func many(n int) (build []func(*script)) {
	for i := range n {
		build = append(build, raw("www.example.", resolve.TypeA, 1, 60, 192, 0, 2, byte(i)))
	}
	return build
}

func TestReplyIsReused(t *testing.T) {
	q := question(t, "www.example", resolve.TypeA)
	mxQ := question(t, "www.example", resolve.TypeMX)
	var r Reply
	require.NoError(t, Read(reply(t, q, dnsmessage.Header{}, many(20)...), q, Good, epoch, &r))
	twenty := r.Answer
	require.NoError(t, Read(reply(t, mxQ, dnsmessage.Header{}, mx("www.example.", 1, "a.")), mxQ, Good, epoch, &r))
	records := r.Answer
	require.NoError(t, Read(reply(t, q, dnsmessage.Header{RCode: 2}), q, Good, epoch, &r))
	require.False(t, r.Answered)
	require.NoError(t, Read(reply(t, q, dnsmessage.Header{}, many(9)...), q, Good, epoch, &r))
	require.Equal(t, 20, twenty.Len(), "an answer does not share the scratch")
	require.Equal(t, "192.0.2.19", twenty.Addr(19).String())
	require.Equal(t, 9, r.Answer.Len())
	for rr := range records.Records() {
		require.Equal(t, "\x00\x01\x01a\x00", rr.Data)
	}
}

// Compression lets 16 bytes name 126 labels. Comparing two such names is the most expensive record.
func TestDecompressionIsBounded(t *testing.T) {
	q := question(t, "a", resolve.TypeA)
	long := strings.Repeat("\x01x", 126) + "\x00"
	addr := "\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x01\x02\x03\x04"
	bomb := func(target string) []byte {
		msg := reply(t, q, dnsmessage.Header{})
		msg = append(msg, "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x00\x00"...)
		msg = append(append(msg, byte(len(target))), target...)
		at := len(msg)
		msg = append(append(msg, long...), addr...)
		records := uint16(2)
		for ; len(msg)+16 < 65536; records++ {
			msg = append(append(msg, 0xc0|byte(at>>8), byte(at)), addr...)
		}
		return counts(msg, records, 0, 0)
	}
	var r Reply
	w := newReader(bomb("\x01b\x00"), q, epoch, &r)
	require.NoError(t, w.read(Matches(w.msg, w.q, nil)))
	require.Less(t, w.steps, 5*4096+500, "a different first label ends a comparison")
	w = newReader(bomb(long), q, epoch, &r)
	require.Equal(t, errSteps, w.read(Matches(w.msg, w.q, nil)))
	require.Equal(t, MaxSteps+1, w.steps)
}

func TestPointersMustLeadBackward(t *testing.T) {
	loop := func(pointer ...byte) *walk { return &walk{msg: append([]byte{1, 'a'}, pointer...)} }
	for _, w := range []*walk{
		loop(0xc0, 0),            // to its own start
		loop(0xc0, 2),            // to itself
		loop(0xc0, 4, 1, 'b', 0), // forward
		loop(0xc0),               // half
		loop(0xff, 0xff),         // to the 14-bit limit
		loop(0x80), loop(0x40), loop(3, 'a'), loop(),
	} {
		_, _, err := w.host(0)
		require.Error(t, err, "%q", w.msg)
		_, _, err = w.appendWire(nil, 0)
		require.Error(t, err, "%q", w.msg)
	}
	// 127 pointers, of which each leads to the one before, are the maximum.
	chain := []byte{0}
	for i := range 128 {
		at := max(0, 2*i-1)
		chain = append(chain, 0xc0|byte(at>>8), byte(at))
	}
	w := walk{msg: chain}
	out, _, err := w.appendWire(nil, 2*126+1)
	require.NoError(t, err)
	require.Equal(t, []byte{0}, out)
	_, _, err = w.appendWire(nil, 2*127+1)
	require.ErrorIs(t, err, errName)
}

func TestLengthOfNamesIsBounded(t *testing.T) {
	msg := make([]byte, 0, 300)
	for range 127 {
		msg = append(msg, 1, 'a')
	}
	w := walk{msg: append(msg, 0)}
	out, _, err := w.appendWire(nil, 0)
	require.NoError(t, err)
	require.Len(t, out, maxWireName)
	w = walk{msg: append(msg, 1, 'a', 0)}
	_, _, err = w.appendWire(nil, 0)
	require.ErrorIs(t, err, errName)
	_, err = w.skipName(0)
	require.ErrorIs(t, err, errName)

	// The same bound holds for a name that ends in a pointer.
	w = walk{msg: append(append(msg[:2*126:2*126], 0), 1, 'a', 0xc0, 0, 2, 'a', 'a', 0xc0, 0)}
	out, _, err = w.appendWire(nil, 2*126+1)
	require.NoError(t, err)
	require.Len(t, out, maxWireName)
	_, _, err = w.appendWire(nil, 2*126+5)
	require.ErrorIs(t, err, errName)
}

func BenchmarkAppendQuery(b *testing.B) {
	q := Query{ID: 1, Question: question(b, "www.example.com", resolve.TypeA), EDNS: true, Cookie: make([]byte, 24)}
	dst := make([]byte, 0, MaxQueryBytes)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendQuery(dst, q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	q := question(b, "www.example", resolve.TypeA)
	for _, c := range []struct {
		name  string
		build []func(*script)
	}{
		{"one", append(many(1), additional, opt(1232, 0))},
		{"four", append(many(4), additional, opt(1232, 0))},
		{"chain", []func(*script){cname("www.example.", 9, "a.cdn.example."), cname("a.cdn.example.", 9, "b.cdn.example."), a("b.cdn.example.", 9, "192.0.2.1")}},
		{"nodata", []func(*script){authority, soa("example.", 300, 60), additional, opt(1232, 0)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			msg := reply(b, q, dnsmessage.Header{}, c.build...)
			var r Reply
			b.ReportAllocs()
			for b.Loop() {
				if Matches(msg, q, nil) != Good || Read(msg, q, Good, epoch, &r) != nil {
					b.Fatal("not read")
				}
			}
		})
	}
}
