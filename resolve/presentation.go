package resolve

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// String returns the type and the RDATA in the form of master files (RFC 1035, section 5.1), with
// absolute names. Data of unknown types, and malformed data, has the form of RFC 3597, section 5.
// The text is printable ASCII, whatever a server sent. It can be four times as long as Data.
func (r Record) String() string {
	text, ok := r.rdataText()
	if !ok {
		text = `\# ` + strconv.Itoa(len(r.Data))
		if r.Data != "" {
			text += " " + hex.EncodeToString([]byte(r.Data))
		}
	}
	return r.Type.String() + " " + text
}

func (r Record) rdataText() (string, bool) {
	switch r.Type {
	case TypeA, TypeAAAA:
		addr, ok := netip.AddrFromSlice([]byte(r.Data))
		return addr.String(), ok && addr.Is4() == (r.Type == TypeA)
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME:
		return namesText("", r.Data)
	case TypeMX:
		return namesText(numbers(r.Data, 2))
	case TypeSRV:
		return namesText(numbers(r.Data, 2, 2, 2))
	case TypeTXT:
		return stringsText(r.Data), r.Data != "" && validStrings(r.Data)
	case TypeSOA:
		soa, ok := r.SOA()
		return fmt.Sprintf("%s %s %d %d %d %d %d", soa.Primary, soa.Responsible, soa.Serial,
			int64(soa.Refresh.Seconds()), int64(soa.Retry.Seconds()), int64(soa.Expire.Seconds()), int64(soa.Minimum.Seconds())), ok
	case TypeNAPTR:
		return naptrText(r.Data)
	case TypeDS:
		return hexText(numbers(r.Data, 2, 1, 1))
	case TypeTLSA:
		return hexText(numbers(r.Data, 1, 1, 1))
	case TypeCAA:
		caa, ok := r.CAA()
		if !ok {
			return "", false
		}
		return fmt.Sprintf("%d %s %s", r.Data[0], caa.Tag, quoted(caa.Value)), true
	case TypeSVCB, TypeHTTPS:
		return r.svcbText()
	}
	return "", false
}

// numbers returns the leading numbers of data, of those sizes in bytes, each followed by a blank,
// and the rest of data. If data is too short, the rest makes every caller fail.
func numbers(data string, sizes ...int) (text, rest string) {
	for _, n := range sizes {
		switch {
		case len(data) < n:
			return "", ""
		case n == 1:
			text += strconv.Itoa(int(data[0])) + " "
		default:
			text += strconv.Itoa(int(uint16At(data, 0))) + " "
		}
		data = data[n:]
	}
	return text, data
}

// namesText returns the text followed by the name that data consists of.
func namesText(text, data string) (string, bool) {
	wire, rest, ok := cutName(data)
	return text + nameText(wire), ok && rest == ""
}

func hexText(text, data string) (string, bool) {
	return text + hex.EncodeToString([]byte(data)), data != ""
}

func naptrText(data string) (string, bool) {
	text, rest := numbers(data, 2, 2)
	for range 3 { // flags, services, regular expression (RFC 3403, section 4.1)
		s, after, ok := cutString(rest)
		if !ok {
			return "", false
		}
		text += quoted(s) + " "
		rest = after
	}
	return namesText(text, rest)
}

// nameText returns a name in wire form as master files have it, with a final dot.
func nameText(wire string) string {
	if wire == "" || wire[0] == 0 {
		return "."
	}
	var b strings.Builder
	for wire[0] != 0 {
		n := 1 + int(wire[0])
		for _, c := range []byte(wire[1:n]) {
			switch {
			case c <= ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\%03d`, c)
			case strings.IndexByte(`.\"();@$`, c) >= 0:
				b.WriteString(`\` + string(rune(c)))
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('.')
		wire = wire[n:]
	}
	return b.String()
}

// stringsText returns each string of data quoted.
func stringsText(data string) string {
	var out []string
	for data != "" {
		s, rest, ok := cutString(data)
		if !ok {
			break
		}
		out = append(out, quoted(s))
		data = rest
	}
	return strings.Join(out, " ")
}

// quoted returns s as a quoted character string.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch {
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quotedUnlessWord returns s, quoted if it has a character with a meaning in master files.
func quotedUnlessWord(s string) string {
	if s == "" || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`\"();@$`, c) }) {
		return quoted(s)
	}
	return s
}

// svcbText returns an SVCB record by RFC 9460, section 2.1 and appendix A.
func (r Record) svcbText() (string, bool) {
	if len(r.Data) < 2 {
		return "", false
	}
	wire, params, ok := cutName(r.Data[2:])
	if !ok || !validParams(params) {
		return "", false
	}
	s := SVCB{params: params}
	text := strconv.Itoa(int(uint16At(r.Data, 0))) + " " + nameText(wire)
	for key, value := range s.Params() {
		text += " " + key.String()
		switch key {
		case SVCBMandatory:
			text += "=" + joined(s.Mandatory())
		case SVCBALPN:
			var ids []string
			for id := range s.ALPN() {
				ids = append(ids, strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(id))
			}
			text += "=" + quotedUnlessWord(strings.Join(ids, ","))
		case SVCBNoDefaultALPN:
		case SVCBPort:
			text += "=" + strconv.Itoa(int(uint16At(value, 0)))
		case SVCBIPv4Hint, SVCBIPv6Hint:
			text += "=" + joined(SVCB{params: param(key, value)}.Hints())
		case SVCBECH:
			text += "=" + base64.StdEncoding.EncodeToString([]byte(value))
		default:
			text += "=" + quotedUnlessWord(value)
		}
	}
	return text, true
}

// param returns one parameter in wire form.
func param(key SVCBKey, value string) string {
	return string([]byte{byte(key >> 8), byte(key), byte(len(value) >> 8), byte(len(value))}) + value
}

func joined[T fmt.Stringer](values func(func(T) bool)) string {
	var out []string
	for v := range values {
		out = append(out, v.String())
	}
	return strings.Join(out, ",")
}

// String returns the name of the key, or key and its number.
func (k SVCBKey) String() string {
	switch k {
	case SVCBMandatory:
		return "mandatory"
	case SVCBALPN:
		return "alpn"
	case SVCBNoDefaultALPN:
		return "no-default-alpn"
	case SVCBPort:
		return "port"
	case SVCBIPv4Hint:
		return "ipv4hint"
	case SVCBECH:
		return "ech"
	case SVCBIPv6Hint:
		return "ipv6hint"
	}
	return "key" + strconv.Itoa(int(k))
}
