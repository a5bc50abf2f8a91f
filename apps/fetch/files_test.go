//go:build unix

package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// corpus is a directory of files to serve.
type corpus struct {
	dir  string
	sums map[string][sha256.Size]byte
}

// newCorpus makes n files of random sizes and contents, up to largest bytes. It uses the sizes at
// which behaviour changes, many small files and few large ones.
func newCorpus(t *testing.T, n int, largest int64) *corpus {
	t.Helper()
	return newCorpusIn(t, t.TempDir(), n, largest)
}

func newCorpusIn(t *testing.T, dir string, n int, largest int64) *corpus {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	c := &corpus{dir: dir, sums: map[string][sha256.Size]byte{}}
	noise := make([]byte, largest+1<<16)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(noise)
	edges := []int64{0, 1, 16<<10 - 1, 16 << 10, 64 << 10, 64<<10 + 1, largest}
	var total int64
	for i := range n {
		size := int64(1) << r.IntN(18)
		size = min(size+r.Int64N(size), largest)
		switch {
		case i < len(edges):
			size = edges[i]
		case i%200 == 0:
			size = r.Int64N(largest)
		}
		start := r.IntN(1 << 16)
		content := noise[start : int64(start)+size]
		name := fmt.Sprintf("f%04d.bin", i)
		require.NoError(t, os.WriteFile(filepath.Join(c.dir, name), content, 0o644))
		c.sums[name] = sha256.Sum256(content)
		total += size
	}
	t.Logf("%d files, %d bytes", n, total)
	return c
}

// list returns the URLs of all files below base, one per line, as -i reads them.
func (c *corpus) list(base string) string {
	var b strings.Builder
	b.WriteString("# all files\n\n")
	for name := range c.sums {
		fmt.Fprintf(&b, "%s/%s\n", base, name)
	}
	return b.String()
}

// compare checks that dir contains every file, complete, and no others except those allowed.
func (c *corpus) compare(t *testing.T, dir string, allowed ...string) {
	t.Helper()
	extra := map[string]bool{}
	for _, name := range allowed {
		extra[name] = true
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := 0
	for _, e := range entries {
		want, ok := c.sums[e.Name()]
		if !ok {
			if !extra[e.Name()] {
				t.Errorf("%s exists and should not", e.Name())
			}
			continue
		}
		found++
		if got := sum(t, filepath.Join(dir, e.Name())); got != want {
			t.Errorf("%s differs from the served file", e.Name())
		}
	}
	if found != len(c.sums) {
		t.Errorf("got %d files, want %d", found, len(c.sums))
	}
}

func sum(t *testing.T, name string) (sum [sha256.Size]byte) {
	t.Helper()
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
