//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An unreadable hosts file costs one warning and the names in it.
func TestUnreadableHostsFile(t *testing.T) {
	t.Parallel()
	addr := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil))
	_, port, _ := net.SplitHostPort(addr)
	_, r := fetchAll(t, 0, strings.Repeat("http://"+addr+"/a\nhttp://localhost:"+port+"/b\n", 3), "-hosts", t.TempDir())
	if strings.Count(r.Stderr, "warning: ") != 1 || !strings.Contains(r.Stderr, "is not a regular file") || strings.Count(r.Stderr, "\n") != 2 {
		t.Errorf("got %q, want one warning with the reason, and the summary", r.Stderr)
	}
}

// fetch finds all names of a hosts file that is too large for its memory index.
func TestHugeHostsFile(t *testing.T) {
	t.Parallel()
	addr := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", nil))
	_, port, _ := net.SplitHostPort(addr)
	name := filepath.Join(t.TempDir(), "hosts")
	file, err := os.Create(name)
	require.NoError(t, err)
	w := bufio.NewWriter(file)
	const names = 90_000
	for i := range names {
		fmt.Fprintf(w, "127.0.0.1 n%d.blocked.test\n", i)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, file.Close())
	list := fmt.Sprintf("http://n0.blocked.test:%s/a\nhttp://n%d.blocked.test:%s/b\nhttp://N%d.Blocked.Test:%[3]s/c\n", port, names-1, port, names-2)
	fetchAll(t, 0, list, "-hosts", name)
}
