//go:build unix

package resolve

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Unix systems have localhost in their hosts file.
func TestSystemKnowsLocalhost(t *testing.T) {
	s := NewBlocking(System{}.Lookup)
	defer s.Close()
	h := Host{Strategy: s}
	a, err := h.Lookup(t.Context(), "localhost", FamilyBoth)
	require.NoError(t, err)
	for _, addr := range a.Addrs() {
		if !addr.IsLoopback() {
			t.Errorf("localhost: got %v, want a loopback address", addr)
		}
	}
	if len(a.Addrs()) == 0 {
		t.Errorf("localhost: got no address")
	}
}
