package bufstrategy

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Without a free file descriptor, no memory can be mapped twice.
func TestAMirroredThatCannotMapIsARing(t *testing.T) {
	m, err := NewMirrored(Options{Limit: 1 << 16})
	require.NoError(t, err)
	defer m.Release()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	none := limit
	none.Cur = 0
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none))
	_, werr := put(m, "some")
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	if werr != nil || !errors.Is(m.Fallback(), unix.EMFILE) {
		t.Fatalf("write: %v, fallback: %v, want EMFILE", werr, m.Fallback())
	}
	for range 3 {
		if _, err := put(m, make([]byte, 40_000)); err != nil {
			t.Fatal(err)
		}
		m.Discard(40_000)
	}
	if v, err := m.View(4); err != nil || len(v) != 4 || m.Stats().Copied > 4 {
		t.Errorf("view: %q, %v, %+v", v, err, m.Stats())
	}
	m.Release()
	if _, err := put(m, "some"); err != nil || m.Fallback() != nil {
		t.Errorf("write: %v; fallback with free descriptors: %v", err, m.Fallback())
	}
}

func TestAMirroredGivesItsMappingsBack(t *testing.T) {
	m, err := NewMirrored(Options{Limit: 1 << 16})
	require.NoError(t, err)
	before := mappings(t)
	for range 100 {
		if _, err := put(m, "some"); err != nil || m.Fallback() != nil {
			t.Fatal(err, m.Fallback())
		}
		m.Release()
	}
	if after := mappings(t); after > before+50 {
		t.Errorf("%d mappings, want %d as before 100 uses", after, before)
	}
}

func mappings(t *testing.T) (lines int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	for _, c := range maps {
		if c == '\n' {
			lines++
		}
	}
	return lines
}
