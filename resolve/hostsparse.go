package resolve

import (
	"bytes"
	"net/netip"
)

// parseHosts reads a hosts file, and counts the lines and the names that it skipped.
func parseHosts(data []byte, namesMax int) (t *table, skipped int) {
	t = &table{source: SourceHosts, names: map[Name]*tableEntry{}}
	for line := range bytes.Lines(data) {
		line, _, _ = bytes.Cut(line, []byte{'#'})
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			continue
		}
		addr, err := netip.ParseAddr(string(fields[0]))
		if err != nil || len(fields) == 1 {
			skipped++
			continue
		}
		for _, field := range fields[1:] {
			name, err := ParseName(string(field))
			_, literal := name.Addr()
			if err != nil || literal || t.names[name] == nil && len(t.names) >= namesMax {
				skipped++
				continue
			}
			t.add(name, addr)
		}
	}
	t.seal()
	return t, skipped
}
