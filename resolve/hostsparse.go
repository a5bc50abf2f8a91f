package resolve

import (
	"errors"
	"io"
	"net/netip"
)

// hostsFieldMax bounds the bytes kept of one address or name. It is more than either may have, so a
// truncated field is always malformed.
const hostsFieldMax = MaxNameBytes + 4

// hostsReadBytes is the size of one read from the file.
const hostsReadBytes = 32 << 10

// hostsScanner reads a hosts file field by field. Its memory does not depend on the size of the
// file or its lines.
type hostsScanner struct {
	line      int // number of the current line, from 0
	fields    int // complete fields in the current line
	addr      []byte
	field     []byte
	inComment bool
	visit     func(line int, addr, name []byte)
}

// scanHosts calls visit for every name, with the address of its line. For an address without a
// name, it calls visit with a nil name. The slices are valid only during the call. If a read fails,
// scanHosts does not visit the incomplete field or anything after it.
func scanHosts(r io.Reader, visit func(line int, addr, name []byte)) error {
	s := hostsScanner{visit: visit, addr: make([]byte, 0, hostsFieldMax), field: make([]byte, 0, hostsFieldMax)}
	buf := make([]byte, hostsReadBytes)
	for {
		n, err := r.Read(buf)
		s.take(buf[:n])
		switch {
		case errors.Is(err, io.EOF):
			s.endLine()
			return nil
		case err != nil:
			return err
		}
	}
}

func (s *hostsScanner) take(data []byte) {
	for _, c := range data {
		switch {
		case c == '\n':
			s.endLine()
		case s.inComment:
		case c == '#':
			s.endField()
			s.inComment = true
		case c == ' ' || '\t' <= c && c <= '\r':
			s.endField()
		case len(s.field) < hostsFieldMax:
			s.field = append(s.field, c)
		}
	}
}

func (s *hostsScanner) endField() {
	if len(s.field) == 0 {
		return
	}
	if s.fields++; s.fields == 1 {
		s.addr = append(s.addr[:0], s.field...)
	} else {
		s.visit(s.line, s.addr, s.field)
	}
	s.field = s.field[:0]
}

func (s *hostsScanner) endLine() {
	s.endField()
	if s.fields == 1 {
		s.visit(s.line, s.addr, nil)
	}
	s.line++
	s.fields, s.inComment = 0, false
}

// hostsAddr parses the address of a line.
func hostsAddr(text []byte) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(string(text))
	return addr, err == nil && len(text) < hostsFieldMax
}

// readHosts fills the index from r. After an error, x holds the entries read before it.
func readHosts(r io.Reader, x *hostsIndex) error {
	lastLine, addr, ok := -1, netip.Addr{}, false
	err := scanHosts(r, func(line int, text, field []byte) {
		if line != lastLine {
			lastLine = line
			addr, ok = hostsAddr(text)
			if !ok || field == nil {
				x.skipped++
				ok = false
				return
			}
		}
		if !ok {
			return
		}
		name, err := ParseName(string(field))
		if _, literal := name.Addr(); err != nil || literal {
			x.skipped++
			return
		}
		x.add(name, addr)
	})
	x.table.seal()
	return err
}

// findHosts adds the entries of r for one name to t.
func findHosts(r io.Reader, name Name, t *table) error {
	err := scanHosts(r, func(_ int, text, field []byte) {
		if !isSpelling(field, name.text) {
			return
		}
		if addr, ok := hostsAddr(text); ok {
			t.add(name, addr)
		}
	})
	t.seal()
	return err
}

// isSpelling reports whether ParseName would convert field to canonical.
func isSpelling(field []byte, canonical string) bool {
	if n := len(field); n == len(canonical)+1 && n > 1 && field[n-1] == '.' {
		field = field[:n-1]
	}
	if len(field) != len(canonical) {
		return false
	}
	for i, c := range field {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != canonical[i] {
			return false
		}
	}
	return true
}
