package message

import (
	"bytes"

	"github.com/edgewise-go/edgewise/resolve"
)

// appendWire appends the name at off in wire form, without compression. It returns the offset after
// the name.
func (w *walk) appendWire(dst []byte, off int) ([]byte, int, error) {
	end, err := w.skipName(off)
	if err != nil {
		return dst, end, err
	}
	c := w.cursor(off)
	for {
		label, err := c.label()
		if err != nil {
			return dst, end, err
		}
		dst = append(append(dst, byte(len(label))), label...)
		if len(label) == 0 {
			return dst, end, nil
		}
	}
}

// host returns the name at off, or false if it is not one for package resolve.
func (w *walk) host(off int) (name resolve.Name, ok bool, err error) {
	var buf [maxWireName]byte
	text := buf[:0]
	c := w.cursor(off)
	for {
		label, err := c.label()
		if err != nil {
			return name, false, err
		}
		if len(label) == 0 {
			break
		}
		if bytes.IndexByte(label, '.') >= 0 {
			return name, false, nil
		}
		if len(text) > 0 {
			text = append(text, '.')
		}
		for _, b := range label {
			text = append(text, lower(b))
		}
	}
	if len(text) == 0 {
		text = append(text, '.')
	}
	name, err = resolve.ParseName(string(text))
	if err != nil {
		return resolve.Name{}, false, nil
	}
	if _, literal := name.Addr(); literal {
		return resolve.Name{}, false, nil
	}
	return name, true, nil
}

// isHost reports whether host would return a name, without an allocation. wire is a whole name in
// wire form.
func isHost(wire []byte) bool {
	var last []byte
	for i := 0; wire[i] != 0; i += 1 + len(last) {
		last = wire[i+1 : i+1+int(wire[i])]
		if last[0] == '-' || last[len(last)-1] == '-' {
			return false
		}
		for _, c := range last {
			if c = lower(c); (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return last == nil || !numeric(last)
}

// numeric reports whether a label is a number, as resolve.ParseName decides it for the last one.
func numeric(label []byte) bool {
	const hex, decimal = "0123456789abcdefABCDEF", "0123456789"
	if len(label) >= 2 && label[0] == '0' && lower(label[1]) == 'x' {
		return len(bytes.Trim(label[2:], hex)) == 0
	}
	return len(bytes.Trim(label, decimal)) == 0
}
