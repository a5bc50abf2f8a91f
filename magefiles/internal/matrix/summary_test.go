package matrix

import (
	"slices"
	"testing"
)

func TestSummariesAddUpPerContractAndPlatform(t *testing.T) {
	m := Matrix{
		"linux/amd64": {
			"queue epoll":  "3 pass, 1 n/a, 0 waived, 0 violated (needs urgent: 1)",
			"queue poll":   "2 pass, 1 n/a, 1 waived, 0 violated",
			"queue kqueue": "unavailable: not on this system",
			"sched single": "5 pass, 0 n/a, 0 waived, 1 violated",
		},
		"windows/amd64": {"queue iocp": "4 pass, 0 n/a, 0 waived, 0 violated"},
	}
	want := []Summary{
		{"queue", "linux/amd64", 2, 5, 2, 1, 0},
		{"queue", "windows/amd64", 1, 4, 0, 0, 0},
		{"sched", "linux/amd64", 1, 5, 0, 0, 1},
	}
	if got := m.Summaries(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
