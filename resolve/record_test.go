package resolve

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func name(t testing.TB, s string) Name {
	t.Helper()
	n, err := ParseName(s)
	require.NoError(t, err)
	return n
}

const soaData = "\x02ns\x07example\x00\x08john.doe\x07example\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x80\x00\x00\x05"

func TestRecordsHaveTypedViews(t *testing.T) {
	for _, typ := range []Type{TypeNS, TypeCNAME, TypePTR, TypeDNAME} {
		host, ok := Record{Type: typ, Data: "\x02NS\x07example\x00"}.Host()
		require.True(t, ok, typ)
		require.Equal(t, name(t, "ns.example"), host, typ)
	}
	mx, ok := Record{Type: TypeMX, Data: "\x01\x02\x01m\x00"}.MX()
	require.True(t, ok)
	require.Equal(t, MX{258, name(t, "m")}, mx)
	mx, ok = Record{Type: TypeMX, Data: "\x00\x00\x00"}.MX()
	require.True(t, ok, "RFC 7505")
	require.Equal(t, ".", mx.Host.String())
	srv, ok := Record{Type: TypeSRV, Data: "\x00\x01\x00\x02\x01\x00\x01s\x00"}.SRV()
	require.True(t, ok)
	require.Equal(t, SRV{1, 2, 256, name(t, "s")}, srv)
	soa, ok := Record{Type: TypeSOA, Data: soaData}.SOA()
	require.True(t, ok)
	require.Equal(t, SOA{"ns.example.", `john\.doe.example.`, 1, 2 * time.Second, 3 * time.Second, 4 * time.Second, (1<<31 + 5) * time.Second}, soa)
	caa, ok := Record{Type: TypeCAA, Data: "\x80\x05issueca.example; x=1"}.CAA()
	require.True(t, ok)
	require.Equal(t, CAA{true, "issue", "ca.example; x=1"}, caa)
}

func TestStringsOfTXTAreKept(t *testing.T) {
	for data, want := range map[string][]string{
		"":                      nil,
		"\x00":                  {""},
		"\x01a\x00\x02\x00\xff": {"a", "", "\x00\xff"},
		"\xff" + strings.Repeat("x", 255) + "\x01y": {strings.Repeat("x", 255), "y"},
	} {
		r := Record{Type: TypeTXT, Data: data}
		require.Equal(t, want, slices.Collect(r.TXT()), "%q", data)
		text, ok := r.Text()
		require.True(t, ok)
		require.Equal(t, strings.Join(want, ""), text)
	}
	cut := Record{Type: TypeTXT, Data: "\x01a\x05b"}
	require.Equal(t, []string{"a"}, slices.Collect(cut.TXT()))
	_, ok := cut.Text()
	require.False(t, ok)
	for range (Record{Type: TypeTXT, Data: "\x01a\x01b"}).TXT() {
		break
	}
}

func TestViewsRefuseOtherTypesAndMalformedData(t *testing.T) {
	for _, data := range []string{"", "\x00", "\x01", "\x01a", "\x01a\x00x", "\x03a.b\x00", "\x03a b\x00", "\x40" + strings.Repeat("a", 64) + "\x00",
		"\xc0\x00", "\x01-\x00", "\x07192.0.2\x00", "\x011\x00", strings.Repeat("\x01a", 127) + "\x01a\x00"} {
		_, ok := Record{Type: TypePTR, Data: data}.Host()
		require.Equal(t, data == "\x00", ok, "%q", data)
		_, ok = Record{Type: TypeMX, Data: "\x00\x00" + data}.MX()
		require.Equal(t, data == "\x00", ok, "%q", data)
		_, ok = Record{Type: TypeSRV, Data: "\x00\x00\x00\x00\x00\x00" + data}.SRV()
		require.Equal(t, data == "\x00", ok, "%q", data)
		_, ok = Record{Type: TypeSOA, Data: data}.SOA()
		require.False(t, ok, "%q", data)
	}
	for _, data := range []string{"", "\x00", "\x00\x00", "\x00\x05issu", "\x00\x01-", "\x00\x02\xc3\xa4"} {
		_, ok := Record{Type: TypeCAA, Data: data}.CAA()
		require.False(t, ok, "%q", data)
	}
	for _, data := range []string{"", "\x00"} {
		_, ok := Record{Type: TypeMX, Data: data}.MX()
		require.False(t, ok)
		_, ok = Record{Type: TypeSRV, Data: "\x00\x00\x00\x00\x00" + data}.SRV()
		require.False(t, ok)
	}
	for _, r := range []Record{{Type: TypeA, Data: "\x01a\x00"}, {Type: 65280, Data: "\x01a\x00"}} {
		_, host := r.Host()
		_, mx := r.MX()
		_, srv := r.SRV()
		_, txt := r.Text()
		_, soa := r.SOA()
		_, caa := r.CAA()
		_, svcb := r.SVCB()
		require.False(t, host || mx || srv || txt || soa || caa || svcb)
		require.Empty(t, slices.Collect(r.TXT()))
	}
	_, ok := Record{Type: TypeSOA, Data: soaData + "x"}.SOA()
	require.False(t, ok)
}

// Each parameter: key, length, value.
const svcbParams = "\x00\x00\x00\x04\x00\x01\x00\x03" + // mandatory=alpn,port
	"\x00\x01\x00\x06\x02h2\x02h3" +
	"\x00\x02\x00\x00" +
	"\x00\x03\x00\x02\x01\xbb" +
	"\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02" +
	"\x00\x05\x00\x03ech" +
	"\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" +
	"\x00\x07\x00\x02/q"

func TestParametersOfServices(t *testing.T) {
	s, ok := Record{Type: TypeHTTPS, Data: "\x00\x01\x01w\x07example\x00" + svcbParams}.SVCB()
	require.True(t, ok)
	require.Equal(t, uint16(1), s.Priority)
	require.Equal(t, "w.example", s.Target.String())
	require.Equal(t, []string{"h2", "h3"}, slices.Collect(s.ALPN()))
	require.Equal(t, []SVCBKey{SVCBALPN, SVCBPort}, slices.Collect(s.Mandatory()))
	require.True(t, s.NoDefaultALPN())
	port, ok := s.Port()
	require.True(t, ok)
	require.Equal(t, uint16(443), port)
	require.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")}, slices.Collect(s.Hints()))
	ech, ok := s.ECH()
	require.True(t, ok)
	require.Equal(t, "ech", ech)
	other, ok := s.Param(7)
	require.True(t, ok)
	require.Equal(t, "/q", other)
	var keys []SVCBKey
	for key := range s.Params() {
		keys = append(keys, key)
	}
	require.Equal(t, []SVCBKey{0, 1, 2, 3, 4, 5, 6, 7}, keys)

	alias, ok := Record{Type: TypeSVCB, Data: "\x00\x00\x00"}.SVCB()
	require.True(t, ok)
	require.Equal(t, ".", alias.Target.String())
	require.Empty(t, slices.Collect(alias.ALPN()))
	require.Empty(t, slices.Collect(alias.Hints()))
	_, ok = alias.Port()
	require.False(t, ok)
}

func TestMalformedParametersMakeTheRecordMalformed(t *testing.T) {
	for text, params := range map[string]string{
		"half a key":             "\x00",
		"no length":              "\x00\x03",
		"value beyond the end":   "\x00\x03\x00\x02\x01",
		"keys out of order":      "\x00\x03\x00\x02\x01\xbb\x00\x01\x00\x03\x02h2",
		"key twice":              "\x00\x03\x00\x02\x01\xbb\x00\x03\x00\x02\x01\xbb",
		"port of 1 byte":         "\x00\x03\x00\x01\x01",
		"empty alpn":             "\x00\x01\x00\x00",
		"empty protocol":         "\x00\x01\x00\x01\x00",
		"protocol beyond":        "\x00\x01\x00\x02\x02h",
		"no-default-alpn alone":  "\x00\x02\x00\x00",
		"no-default-alpn=x":      "\x00\x01\x00\x03\x02h2\x00\x02\x00\x01x",
		"ipv4hint of 5 bytes":    "\x00\x04\x00\x05\x01\x02\x03\x04\x05",
		"empty ipv4hint":         "\x00\x04\x00\x00",
		"ipv6hint of 4 bytes":    "\x00\x06\x00\x04\x01\x02\x03\x04",
		"empty ech":              "\x00\x05\x00\x00",
		"mandatory itself":       "\x00\x00\x00\x02\x00\x00",
		"mandatory and missing":  "\x00\x00\x00\x02\x00\x03",
		"mandatory of 1 byte":    "\x00\x00\x00\x01\x00",
		"mandatory out of order": "\x00\x00\x00\x04\x00\x03\x00\x01\x00\x01\x00\x03\x02h2\x00\x03\x00\x02\x01\xbb",
	} {
		r := Record{Type: TypeSVCB, Data: "\x00\x01\x00" + params}
		_, ok := r.SVCB()
		require.False(t, ok, text)
		require.Contains(t, r.String(), `SVCB \# `, text)
	}
}

func TestRecordsPrintAsInMasterFiles(t *testing.T) {
	for _, c := range []struct {
		typ        Type
		data, want string
	}{
		{TypeA, "\xc0\x00\x02\x01", "A 192.0.2.1"},
		{TypeA, "\xc0\x00\x02", `A \# 3 c00002`},
		{TypeAAAA, "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01", "AAAA 2001:db8::1"},
		{TypeAAAA, "\xc0\x00\x02\x01", `AAAA \# 4 c0000201`},
		{TypeNS, "\x02Ns\x07example\x00", "NS Ns.example."},
		{TypeCNAME, "\x00", "CNAME ."},
		{TypePTR, "\x09a.b\\\"\x1b[3;\x00", `PTR a\.b\\\"\027[3\;.`},
		{TypePTR, "\x02a", `PTR \# 2 0261`},
		{TypePTR, "\x01a\x00x", `PTR \# 4 01610078`},
		{TypeMX, "\x00\x0a\x01m\x00", "MX 10 m."},
		{TypeMX, "\x00", `MX \# 1 00`},
		{TypeSRV, "\x00\x01\x00\x02\x01\xbb\x01s\x00", "SRV 1 2 443 s."},
		{TypeSOA, soaData, `SOA ns.example. john\.doe.example. 1 2 3 4 2147483653`},
		{TypeTXT, "\x02a\"\x00\x04\\\n\x7f\xff", `TXT "a\"" "" "\\\010\127\255"`},
		{TypeTXT, "", `TXT \# 0`},
		{TypeTXT, "\x05a", `TXT \# 2 0561`},
		{TypeNAPTR, "\x00\x64\x00\x0a\x01u\x07E2U+sip\x04!^.!\x00", `NAPTR 100 10 "u" "E2U+sip" "!^.!" .`},
		{TypeNAPTR, "\x00\x64\x00\x0a\x01u\x07", `NAPTR \# 7 0064000a017507`},
		{TypeDS, "\x01\x00\x08\x02\xab\xcd", "DS 256 8 2 abcd"},
		{TypeDS, "\x01\x00\x08\x02", `DS \# 4 01000802`},
		{TypeTLSA, "\x03\x01\x01\xab", "TLSA 3 1 1 ab"},
		{TypeCAA, "\x80\x05issue\";\"", `CAA 128 issue "\";\""`},
		{TypeHTTPS, "\x00\x01\x00" + svcbParams, "HTTPS 1 . mandatory=alpn,port alpn=h2,h3 no-default-alpn port=443 ipv4hint=192.0.2.1,192.0.2.2 ech=ZWNo ipv6hint=2001:db8::1 key7=/q"},
		{TypeSVCB, "\x00\x01\x00\x00\x01\x00\x06\x05a,\\\nb", `SVCB 1 . alpn="a\\,\\\\\010b"`},
		{TypeSVCB, "\x00\x00\x03a b\x00", `SVCB 0 a\032b.`},
		{65280, "\x00\xff", `TYPE65280 \# 2 00ff`},
		{65280, "", `TYPE65280 \# 0`},
	} {
		require.Equal(t, c.want, Record{Type: c.typ, Data: c.data}.String())
	}
}

func TestExchangersAreSortedByPreference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	first := map[string]int{}
	const rounds = 3000
	for range rounds {
		list := []MX{{20, name(t, "z")}, {10, name(t, "a")}, {10, name(t, "b")}, {10, name(t, "c")}, {5, name(t, "m")}}
		SortMX(list, random)
		require.True(t, slices.IsSortedFunc(list, func(a, b MX) int { return int(a.Preference) - int(b.Preference) }))
		first[list[1].Host.String()]++
	}
	for _, n := range first {
		require.InDelta(t, rounds/3, n, 120) // 4.6 standard deviations; the seed is fixed
	}
	require.Len(t, first, 3)
}

func TestTargetsComeFirstInProportionToTheirWeight(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, weights := range [][]uint16{{1, 1}, {1, 2, 3, 4}, {0, 0, 0}, {65535, 65535}, {10, 20, 70}, {7}} {
		var sum float64
		var list []SRV
		for i, w := range weights {
			list = append(list, SRV{1, w, uint16(i), Name{}})
			sum += float64(share(list[i]))
		}
		const rounds = 20000
		first := make([]int, len(weights))
		for range rounds {
			drawn := slices.Clone(list) // always in the same order
			SortSRV(drawn, random)
			first[drawn[0].Port]++
		}
		chi := 0.0
		for _, s := range list {
			want := rounds * float64(share(s)) / sum
			chi += (float64(first[s.Port]) - want) * (float64(first[s.Port]) - want) / want
		}
		require.Less(t, chi, 16.3, weights) // p < 0.001 with 3 degrees of freedom; the seed is fixed
	}
}

func TestTargetsOfWeightZeroAreRarelyFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	n := 0
	for range 20000 {
		list := []SRV{{1, 0, 1, Name{}}, {1, 1, 2, Name{}}, {0, 9, 0, Name{}}, {2, 9, 3, Name{}}}
		SortSRV(list, random)
		require.Equal(t, []uint16{0, 1, 1, 2}, []uint16{list[0].Priority, list[1].Priority, list[2].Priority, list[3].Priority})
		if list[1].Port == 1 {
			n++
		}
	}
	require.InDelta(t, 78, n, 40) // 20000/257
	SortSRV(nil, random)
}

// FuzzRecord calls every view of any RDATA.
func FuzzRecord(f *testing.F) {
	for _, typ := range typeNames() {
		f.Add(uint16(typ.t), "\x00\x01\x01a\x00")
	}
	f.Add(uint16(TypeHTTPS), "\x00\x01\x00"+svcbParams)
	f.Add(uint16(TypeSOA), soaData)
	f.Add(uint16(TypeNAPTR), "\x00\x64\x00\x0a\x01u\x07E2U+sip\x04!^.!\x00")
	f.Add(uint16(TypeTXT), "\x01a\x00\x02\x00\xff")
	f.Fuzz(func(t *testing.T, typ uint16, data string) {
		r := Record{Type: Type(typ), Data: data}
		text := r.String()
		require.NotContains(t, text, "\n")
		for _, c := range []byte(text) {
			if c < ' ' || c >= 0x7f {
				t.Fatalf("byte %#x in %q", c, text)
			}
		}
		host, ok := r.Host()
		require.Equal(t, ok, !host.IsZero())
		mx, ok := r.MX()
		require.Equal(t, ok, !mx.Host.IsZero())
		srv, ok := r.SRV()
		require.Equal(t, ok, !srv.Target.IsZero())
		joined, ok := r.Text()
		if ok {
			require.Equal(t, strings.Join(slices.Collect(r.TXT()), ""), joined)
		}
		r.SOA()
		r.CAA()
		if s, ok := r.SVCB(); ok {
			s.Port()
			s.ECH()
			for range s.Params() {
			}
			for range s.ALPN() {
			}
			for range s.Mandatory() {
			}
			for range s.Hints() {
			}
		}
	})
}
