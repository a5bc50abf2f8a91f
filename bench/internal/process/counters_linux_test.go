package process

import "testing"

func TestSwitchesAddsBothCounts(t *testing.T) {
	n, err := switches("Name:\tx\nvoluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n")
	if n != 42 || err != nil {
		t.Errorf("got %d, %v, want 42", n, err)
	}
	for _, status := range []string{"", "voluntary_ctxt_switches:\t40\n", "voluntary_ctxt_switches:\tx\nnonvoluntary_ctxt_switches:\t2\n"} {
		if n, err := switches(status); err == nil {
			t.Errorf("%q: got %d, want an error", status, n)
		}
	}
}
