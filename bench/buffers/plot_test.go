package buffers

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The plots are XML, name all their contents, are small, and have no background that would hide
// that of the page.
func TestPlots(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	var rows []Row
	for i, w := range Workloads() {
		for k, s := range Subjects() {
			rows = append(rows, Row{Workload: w, Subject: s.Name, Peer: s.Peer, Copied: float64(k) / 3, ResidentMean: float64(int(1) << (i + k)), MessageRate: float64(1 + i*k)})
		}
	}
	require.NoError(t, Plot(dir, rows))
	for _, f := range figures() {
		text, err := os.ReadFile(filepath.Join(dir, f.file))
		require.NoError(t, err)
		d := xml.NewDecoder(strings.NewReader(string(text)))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s is not XML: %v", f.file, err)
		}
		for _, want := range append(Workloads(), f.title, "netpoll", "perloop") {
			if want == "netpoll" && len(linkSubjects()) == 0 {
				continue
			}
			if !strings.Contains(string(text), ">"+want+"<") {
				t.Errorf("%s does not name %q", f.file, want)
			}
		}
		if len(text) > 64<<10 {
			t.Errorf("%s has %d bytes", f.file, len(text))
		}
		if strings.Contains(string(text), "fill:#FFFFFF") {
			t.Errorf("%s contains white", f.file)
		}
	}
}
