package testrun

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGridCountsCasesByTestAndColumn(t *testing.T) {
	var g Grid
	for _, e := range [][2]string{
		{"TestA/net/one", "pass"}, {"TestA/net/two/below", "pass"}, {"TestA/net/two", "pass"}, {"TestA/net", "pass"},
		{"TestA/tasks/one", "fail"}, {"TestA/tasks/two", "pass"}, {"TestA", "fail"},
		{"TestB/net/one", "pass"}, {"TestB", "pass"}, {"TestC", "skip"}, {"TestD", "pass"},
	} {
		g.Add(e[0], e[1])
	}
	var out strings.Builder
	g.Print(&out)
	var lines []string
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	require.Equal(t, []string{"", "net tasks", "A 2 pass 1 pass, 1 fail", "B 1 pass -", "C skipped skipped"}, lines)
}

func TestEndedReportsEachTest(t *testing.T) {
	ended := map[string]string{}
	_, _, err := runWith(t, Options{Args: []string{"./good"}, Ended: func(name, outcome string) { ended[name] = outcome }})
	require.NoError(t, err)
	require.Equal(t, "pass", ended["TestOne"])
	require.Equal(t, "skip", ended["TestOne/left"])
	require.Len(t, ended, 6)
}
