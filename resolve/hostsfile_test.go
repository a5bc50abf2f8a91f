package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestHostsStatsCountWhatWasSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	text := "127.0.0.1 localhost\nrubbish x\n10.0.0.1\n10.0.0.2 a..b ok.example 1.2.3.4\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	h, err := NewHostsFile(HostsConfig{Path: path, BytesMax: 100, Clock: func() time.Time { return now }}, silent{})
	if err != nil {
		t.Fatal(err)
	}
	if s := h.Stats(); s.Names != 2 || s.Skipped != 4 || s.Reloads != 1 || s.Err != nil {
		t.Errorf("got %+v", s)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", 101)), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(HostsIntervalDefault)
	h.Start(&Query{Question: mustQuestion(t, "x.example", TypeA), Inbox: NewInbox(nil), Done: func(Answer, error) {}})
	if s := h.Stats(); s.Err == nil || s.Names != 2 || s.Reloads != 1 {
		t.Errorf("too large: got %+v", s)
	}
	if _, err := NewHostsFile(HostsConfig{Path: t.TempDir()}, silent{}); err == nil {
		t.Errorf("a directory was taken for a hosts file")
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add([]byte("127.0.0.1 localhost\n::1\tlocalhost #c\r\nfe80::1%eth0 a b c\n10.0.0.1"))
	f.Add([]byte("# only\n\n\x00 \xff\n::ffff:1.2.3.4 A.B."))
	f.Fuzz(func(t *testing.T, data []byte) {
		const namesMax = 8
		table, skipped := parseHosts(data, namesMax)
		if len(table.names) > namesMax || skipped < 0 {
			t.Fatalf("%d names, %d skipped", len(table.names), skipped)
		}
		for name, e := range table.names {
			if again, err := ParseName(name.String()); err != nil || again != name {
				t.Fatalf("name %q is not canonical: %v", name, err)
			}
			if len(e.v4)+len(e.v6) == 0 || (e.noV4 == nil) == (len(e.v4) == 0) || (e.noV6 == nil) == (len(e.v6) == 0) {
				t.Fatalf("entry %q: %+v", name, e)
			}
		}
	})
}
