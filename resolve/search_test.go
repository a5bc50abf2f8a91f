package resolve

import (
	"strings"
	"testing"
)

// FuzzSearch checks that a search gives valid names, the name as it is among them at most once, and
// ends.
func FuzzSearch(f *testing.F) {
	f.Add("host", "a.example . b.example", 1, false)
	f.Add("x.y.", "a", 5, true)
	f.Fuzz(func(t *testing.T, text, suffixes string, ndots int, noTLD bool) {
		name, err := ParseName(text)
		if err != nil {
			return
		}
		s := Search{Ndots: ndots, NoTLDQuery: noTLD}
		for _, suffix := range strings.Fields(suffixes) {
			n, _ := ParseName(suffix) // also the zero Name
			s.Suffixes = append(s.Suffixes, n)
		}
		walk := newSearchWalk(s, text, name)
		var got []Name
		for n, ok := walk.next(); ok; n, ok = walk.next() {
			if m, err := ParseName(n.String()); err != nil || m != n {
				t.Fatalf("%q: %q is not canonical: %v", text, n, err)
			}
			if got = append(got, n); len(got) > MaxSearchSuffixes+1 {
				t.Fatalf("%q: more than %d names", text, MaxSearchSuffixes+1)
			}
			walk.failed(&Error{Op: "fuzz", Name: text, Err: ErrNotFound})
		}
		n := 0
		for _, g := range got {
			if g == name {
				n++
			}
		}
		if len(got) == 0 || n > 1 {
			t.Fatalf("%q: got %q", text, got)
		}
	})
}
