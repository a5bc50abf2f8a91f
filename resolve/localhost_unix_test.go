//go:build unix

package resolve

import "testing"

// Systems of this kind have localhost in their hosts file.
func TestSystemKnowsLocalhost(t *testing.T) {
	s := NewBlocking(System{}.Lookup)
	defer s.Close()
	h := Host{Strategy: s}
	a, err := h.Lookup(t.Context(), "localhost", FamilyBoth)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range a.Addrs() {
		if !addr.IsLoopback() {
			t.Errorf("localhost has %v", addr)
		}
	}
	if len(a.Addrs()) == 0 {
		t.Errorf("localhost has no address")
	}
}
