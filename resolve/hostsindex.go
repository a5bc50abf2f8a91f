package resolve

import (
	"hash/maphash"
	"net/netip"
)

// The bytes that the index counts for a name besides its text, and for an address besides its zone.
// A name costs its slot in the map, its entry, and the answer for the missing family. An address
// costs its place in a slice that append has doubled.
const (
	hostsNameBytes = 320
	hostsAddrBytes = 48
)

// hostsFilterBytes is the size of the filter for the names outside the index. With a million names,
// one of forty lookups is a false positive.
const hostsFilterBytes = 1 << 20

// hostsIndex is the in-memory part of a hosts file: whole names, with all their addresses, up to a
// bound. It is not written after it is in use.
type hostsIndex struct {
	table
	bytes, bytesMax int64
	skipped         int
	outside         int        // lines of names outside the table
	beyond          hostsNames // at least the names outside the table
}

func newHostsIndex(bytesMax int64) *hostsIndex {
	return &hostsIndex{table: table{origin: OriginHosts, names: map[Name]*tableEntry{}}, bytesMax: bytesMax}
}

// add adds a line of a name, unless the name is already outside the table. A name that no longer
// fits leaves the table with all its addresses: a part of them would be an incomplete answer.
func (x *hostsIndex) add(name Name, addr netip.Addr) {
	e := x.names[name]
	if e == nil && x.beyond.has(name) {
		x.outside++
		return
	}
	if e == nil {
		x.bytes += hostsNameBytes + int64(len(name.text))
	}
	if x.table.add(name, addr) {
		x.bytes += hostsAddrBytes + int64(len(addr.Zone()))
	}
	if x.bytes <= x.bytesMax {
		return
	}
	e = x.names[name]
	delete(x.names, name)
	x.bytes -= hostsNameBytes + int64(len(name.text))
	for _, addrs := range [][]netip.Addr{e.v4, e.v6} {
		for _, a := range addrs {
			x.bytes -= hostsAddrBytes + int64(len(a.Zone()))
			x.outside++
		}
	}
	x.beyond.add(name)
}

// isBeyond reports whether the file may have an answer to q that the table lacks.
func (x *hostsIndex) isBeyond(q Question) bool {
	return q.Class == ClassINET && q.Type.holdsAddrs() && x.names[q.Name] == nil && x.beyond.has(q.Name)
}

// hostsNames is a set of names in constant memory (a Bloom filter). It may report a name that was
// not added, and reports every name that was. The zero value is empty and takes no memory.
type hostsNames struct {
	seed maphash.Seed
	bits []uint64
}

func (s *hostsNames) add(name Name) {
	if s.bits == nil {
		s.seed, s.bits = maphash.MakeSeed(), make([]uint64, hostsFilterBytes/8)
	}
	for _, i := range s.places(name) {
		s.bits[i/64] |= 1 << (i % 64)
	}
}

func (s *hostsNames) has(name Name) bool {
	if s.bits == nil {
		return false
	}
	for _, i := range s.places(name) {
		if s.bits[i/64]&(1<<(i%64)) == 0 {
			return false
		}
	}
	return true
}

// places returns the bits of name. Two halves of one hash make as good a filter as four hashes.
func (s *hostsNames) places(name Name) (bits [4]uint32) {
	h := maphash.String(s.seed, name.text)
	first, step := uint32(h), uint32(h>>32)|1
	for i := range bits {
		bits[i] = (first + uint32(i)*step) % (hostsFilterBytes * 8)
	}
	return bits
}
