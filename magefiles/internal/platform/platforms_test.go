package platform

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKnownDropsWhatGoDoesNotCompileFor(t *testing.T) {
	got, err := Known(append(Promised(), Platform{"linux", "z80"}))
	require.NoError(t, err)
	for p, want := range map[Platform]bool{
		{"linux", "amd64"}: true, {"linux", "s390x"}: true, {"openbsd", "arm64"}: true,
		{"dragonfly", "arm64"}: false, {"linux", "z80"}: false,
	} {
		if slices.Contains(got, p) != want {
			t.Errorf("%s: known must be %v in %v", p, want, got)
		}
	}
}

func TestVetReportsThePlatformThatFails(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":            "module example.test/p\n\ngo 1.26.0\n",
		"p.go":              "package p\n",
		"p_windows_test.go": "package p\n\nvar x int = \"text\"\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	t.Setenv("GOWORK", "off")
	var out bytes.Buffer
	err := Vet(&out, dir, []Platform{{"linux", "amd64"}, {"windows", "amd64"}, {"linux", "386"}}, "./...")
	if err == nil || err.Error() != "go vet fails for windows/amd64" {
		t.Errorf("got error %v", err)
	}
	for _, want := range []string{"ok  \tvet linux/amd64\t", "FAIL\tvet windows/amd64\n", "p_windows_test.go:3", "ok  \tvet linux/386\t"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
