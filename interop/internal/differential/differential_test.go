package differential

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
)

var update = flag.Bool("update", false, "write table.md")

func TestMain(m *testing.M) {
	if child() {
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// TestDifferential plays the cases. Only the column of this project can fail.
func TestDifferential(t *testing.T) {
	p := compile(t)
	table, err := inNamespace(t, p)
	if err != nil {
		t.Logf("without the C library: %v", err)
		p.Glibc = ""
		if table, err = play(p); err != nil {
			t.Fatal(err)
		}
	}
	t.Run(ours, func(t *testing.T) {
		for i, c := range cases() {
			t.Run(c.label(), func(t *testing.T) {
				if got := table.Cells[i][0]; got != "ok" {
					t.Errorf("%s: got %s, want %s", c.Name, got, c.wanted())
				}
			})
		}
	})
	compare(t, table)
}

// compare prints how the table differs from the recorded one, or records it.
func compare(t *testing.T, table Table) {
	const file = "table.md"
	if *update {
		if slices.Contains(table.Cells[0], notAvailable) {
			t.Fatalf("a column is missing: run the test as root, with the programs of the README of interop")
		}
		if err := os.WriteFile(file, []byte(table.Markdown()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	recorded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, want := strings.Split(table.Markdown(), "\n"), strings.Split(string(recorded), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%s has other cases than this program: write it with -update", file)
	}
	for i := range lines {
		compareRow(t, strings.Split(lines[i], " | "), strings.Split(want[i], " | "), i == 0)
	}
}

// described is the number of cells of a row that the resolvers do not fill. The one after them is
// that of this project.
const described = 2

// compareRow fails if the row describes another case. Cells of others are only printed.
func compareRow(t *testing.T, got, want []string, isHead bool) {
	if len(got) != len(want) || len(got) > described && !slices.Equal(got[:described+1], want[:described+1]) {
		t.Fatalf("got the row %q, recorded is %q: write it with -update", got, want)
	}
	for i := described + 1; i < len(got); i++ {
		now := strings.Trim(got[i], "| ")
		if was := strings.Trim(want[i], "| "); now != was && now != notAvailable && !isHead {
			t.Logf("%s: column %d has changed from %s to %s", got[0], i+1, was, now)
		}
	}
	if isHead && !slices.Equal(got, want) {
		t.Logf("the versions have changed from %q to %q", want, got)
	}
}

//go:embed testdata/getaddrinfo.c testdata/cares.c
var sources embed.FS

// compile builds the programs.
func compile(t *testing.T) programs {
	cc := interoptest.Need(t, "cc")
	dir := t.TempDir()
	build := func(name string, libraries ...string) (path, version string) {
		source, err := sources.ReadFile("testdata/" + name + ".c")
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, name)
		if err := os.WriteFile(path+".c", source, 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"-O1", "-Wall", "-o", path, path + ".c"}, libraries...)
		if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
			if os.Getenv(interoptest.RequireVariable) != "" {
				t.Fatalf("cc: %v\n%s", err, out)
			}
			t.Logf("without %s: cc: %v\n%s", name, err, out)
			return "", name
		}
		out, err := exec.Command(path).Output()
		if err != nil {
			t.Fatal(err)
		}
		return path, strings.TrimSpace(string(out))
	}
	var p programs
	p.Glibc, p.GlibcVersion = build("getaddrinfo")
	p.Cares, p.CaresVersion = build("cares", "-lcares")
	return p
}

// enter makes the files of the resolver those of the test, and loopback work. It then becomes the
// program in its last arguments.
const enter = `mount --bind "$1" /etc/resolv.conf
mount --bind "$2" /etc/nsswitch.conf
ip link set lo up
shift 2
exec "$@"`

// inNamespace plays the cases in a process with namespaces of its own.
func inNamespace(t *testing.T, p programs) (table Table, err error) {
	unshare, err := exec.LookPath("unshare")
	switch {
	case err != nil:
		return table, err
	case os.Getuid() != 0:
		return table, errors.New("only root may make the namespaces")
	}
	dir := t.TempDir()
	files := map[string]string{"resolv.conf": resolvConf, "nsswitch.conf": "hosts: dns\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	this, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(unshare, "--mount", "--net", "sh", "-ec", enter, "sh",
		filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "nsswitch.conf"), this)
	command.Env = append(os.Environ(), childVariable+"="+string(text))
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		return table, errors.Join(err, errors.New(complaints.String()))
	}
	return table, json.Unmarshal(out, &table)
}
