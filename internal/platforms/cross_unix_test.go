//go:build unix

package platforms

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/internal/command"
)

func TestCrossBuiltTestsRunInTheirDirectories(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module example.test/p\n\ngo 1.26.0\n",
		"good/p.go": "package p\n",
		"good/data": "x",
		"bad/p.go":  "package p\n",
		"none/p.go": "package p\n",
		"good/a_test.go": "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestData(t *testing.T) {\n" +
			"\tif _, err := os.Stat(\"data\"); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n",
		"bad/a_test.go": "package p\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error(\"wrong\") }\n",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	p := Platform{runtime.GOOS, runtime.GOARCH}
	script := filepath.Join(root, "bin", p.OS+"_"+p.Arch, "run.sh")
	var out bytes.Buffer
	if err := Cross(&out, root, p, "./good", "./none"); err != nil {
		t.Fatal(err)
	}
	text, err := command.Combined("/", nil, "sh", script)
	if err != nil || string(text) != "PASS\nok\tgood\n" {
		t.Errorf("got %v\n%s", err, text)
	}
	if err := Cross(&out, root, p, "./..."); err != nil {
		t.Fatal(err)
	}
	text, err = command.Combined("/", nil, "sh", script)
	if err == nil || !strings.Contains(string(text), "FAIL\tbad\n") || !strings.Contains(string(text), "ok\tgood\n") {
		t.Errorf("got %v\n%s", err, text)
	}
}
