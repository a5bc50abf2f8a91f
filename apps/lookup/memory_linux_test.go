package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// A list of any length takes the same memory. Its names are long: a program that kept them, or
// their results, would need twice the limit.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	// The first run fills the cache, which is bounded too.
	first, second := apptest.Size(9_000, 10_000), apptest.Size(18_000, 60_000)
	few, many := residentAtEnd(t, first), residentAtEnd(t, second)
	t.Logf("%d names: %d KiB; %d names: %d KiB", first, few, second, many)
	if limit := few + 6<<10; many > limit {
		t.Errorf("%d names took %d KiB, %d took %d KiB: want at most %d KiB", second, many, first, few, limit)
	}
}

// patience is for the long list on a slow machine.
const patience = 3 * apptest.RunTimeout

// residentAtEnd runs the program over a list of names. It returns the most memory, in KiB, that the
// program has had resident before it gets the reply for the last name.
func residentAtEnd(t *testing.T, names int) (kib int) {
	t.Helper()
	domain := strings.Repeat("."+strings.Repeat("x", 60), 3) + ".test"
	list, err := os.Create(filepath.Join(t.TempDir(), "list"))
	require.NoError(t, err)
	w := bufio.NewWriter(list)
	for i := range names {
		fmt.Fprintf(w, "n%d%s\n", i, domain)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, list.Close())
	last := fmt.Sprintf("n%d%s.", names-1, domain)
	var asked, release atomic.Bool
	v := &server{forget: true, script: func(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
		if q.Name.String() == last {
			asked.Store(true)
			if !release.Load() {
				return nil, silence // a later query gets the reply
			}
		}
		return numbered(q)
	}}
	v.start(t)
	answers := filepath.Join(t.TempDir(), "answers")
	// With little garbage on the heap, a short list shows what the program keeps.
	p := program.StartVia(t, []string{"sh", "-c", `GOGC=20 exec "$@" > "$0"`, answers}, "-server", v.addr, "-t", "A", "-i", list.Name(), "-timeout", noTimeout)
	apptest.Until(t, patience, "the query for the last name", asked.Load)
	// Not the peak of wait4(2): it includes the memory of the process that called vfork(2).
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	require.NoError(t, err)
	release.Store(true)
	r := p.Wait(patience)
	require.Equal(t, 0, r.Code, r.Stderr)
	output, err := os.ReadFile(answers)
	require.NoError(t, err)
	require.Equal(t, names, strings.Count(string(output), "\n"))
	n := names - 1
	require.True(t, strings.HasSuffix(string(output), fmt.Sprintf("  10.%d.%d.%d\n", n>>16, n>>8&255, n&255)), "the last line is that of the last name")
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	_, err = fmt.Sscanf(peak, "%d kB", &kib)
	require.NoError(t, err)
	return kib
}
