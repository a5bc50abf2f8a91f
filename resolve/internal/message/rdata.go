package message

import "github.com/edgewise-go/edgewise/resolve"

// Types whose RDATA may hold compressed names (RFC 3597, section 4), and that package resolve has
// no name for.
const (
	typeMB    resolve.Type = 7
	typeMG    resolve.Type = 8
	typeMR    resolve.Type = 9
	typeMINFO resolve.Type = 14
	typeRP    resolve.Type = 17
	typeAFSDB resolve.Type = 18
	typeRT    resolve.Type = 21
	typePX    resolve.Type = 26
	typeKX    resolve.Type = 36
)

// layout describes RDATA that begins with bytes and strings, and ends in names and bytes.
type layout struct {
	before  int // bytes before the names
	strings int // character strings after them
	names   int
	after   int  // bytes after the names
	host    bool // the name must be a host name
}

// layoutOf returns the layout of a type, and false if its RDATA holds no names.
func layoutOf(t resolve.Type) (layout, bool) {
	switch t {
	case resolve.TypeNS, resolve.TypeCNAME, resolve.TypePTR:
		return layout{names: 1, host: true}, true
	case resolve.TypeMX:
		return layout{before: 2, names: 1, host: true}, true
	case resolve.TypeSRV:
		return layout{before: 6, names: 1, host: true}, true
	case resolve.TypeSOA:
		return layout{names: 2, after: soaTail}, true
	case resolve.TypeNAPTR:
		return layout{before: 4, strings: 3, names: 1}, true
	case resolve.TypeDNAME, typeMB, typeMG, typeMR:
		return layout{names: 1}, true
	case typeAFSDB, typeRT, typeKX:
		return layout{before: 2, names: 1}, true
	case typeRP, typeMINFO:
		return layout{names: 2}, true
	case typePX:
		return layout{before: 2, names: 2}, true
	}
	return layout{}, false
}

// rdata returns the RDATA of a record without compression. It returns false if a name in it must be
// a host name and is not. Targets "." of MX (RFC 7505) and SRV (RFC 2782) count as host names.
func (w *walk) rdata(rr record) (data string, ok bool, err error) {
	l, named := layoutOf(rr.typ)
	if !named {
		if rr.typ == resolve.TypeTXT && !wholeStrings(w.msg[rr.data:rr.end]) {
			return "", false, errRData
		}
		return string(w.msg[rr.data:rr.end]), true, nil
	}
	off := rr.data + l.before
	for range l.strings {
		if off >= rr.end {
			return "", false, errRData
		}
		off += 1 + int(w.msg[off])
	}
	if off > rr.end {
		return "", false, errRData
	}
	var buf [3*256 + 2*maxWireName + soaTail]byte
	out := append(buf[:0], w.msg[rr.data:off]...)
	ok = true
	for range l.names {
		start := len(out)
		if out, off, err = w.appendWire(out, off); err != nil {
			return "", false, err
		}
		ok = ok && (!l.host || isHost(out[start:]))
	}
	if off+l.after != rr.end {
		return "", false, errRData
	}
	out = append(out, w.msg[off:rr.end]...)
	return string(out), ok, nil
}

// wholeStrings reports whether data is a sequence of one or more character strings (RFC 1035,
// section 3.3.14). Empty RDATA is accepted: some servers send it.
func wholeStrings(data []byte) bool {
	for len(data) > 0 {
		n := 1 + int(data[0])
		if n > len(data) {
			return false
		}
		data = data[n:]
	}
	return true
}
