//go:build unix

package platform

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/testrun"
	"github.com/stretchr/testify/require"
)

// build stages a module with a package that passes, one that fails and one without tests.
func build(t *testing.T) *Stage {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":               "module example.test/p\n\ngo 1.26.0\n",
		"m/good/p.go":          "package p\n",
		"m/good/testdata/data": "x",
		"m/bad/p.go":           "package p\n",
		"m/none/p.go":          "package p\n",
		"m/good/a_test.go": `package p
import (
	"os"
	"testing"
)
func TestData(t *testing.T) {
	if _, err := os.Stat("testdata/data"); err != nil {
		t.Fatal(err)
	}
	t.Run("level/x", func(*testing.T) {})
	t.Log("CONFORMANCE queue good: 1 pass, 0 n/a, 0 waived, 0 violated")
}
func TestSkipped(t *testing.T) { t.Skip("why") }
`,
		"m/bad/a_test.go": "package p\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error(\"wrong\") }\n",
	} {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	t.Setenv("GOWORK", "off")
	p := Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	s, err := Build(t.Context(), t.Output(), root, p, []string{"m"}, "./m/...")
	require.NoError(t, err)
	return s
}

func TestACopyOfTheStageRunsWithoutTheSources(t *testing.T) {
	s := build(t)
	copied := filepath.Join(t.TempDir(), "guest")
	require.NoError(t, os.Rename(s.Dir, copied))
	script := filepath.Join(copied, "run.sh")
	out, err := command.Combined("/", nil, "sh", script)
	for _, want := range []string{"ok  \tm/good\t2 passed, 1 skipped\n", "wrong", "FAIL\tm/bad\texit status 1\n",
		"\nCONFORMANCE queue good: 1 pass, 0 n/a, 0 waived, 0 violated\n", "\n2 packages, 2 tests passed, 1 skipped, 1 packages failed\n"} {
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("got %v; %q is not in\n%s", err, want, out)
		}
	}
	out, err = command.Combined("/", nil, "sh", script, "-test.run=^TestData$")
	if err != nil || !strings.Contains(string(out), "2 packages, 2 tests passed, 0 skipped, 0 packages failed\n") {
		t.Errorf("with -test.run: got %v\n%s", err, out)
	}
}

func TestTheRootModuleIsStagedWithoutNestedModules(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		".git":             "gitdir: elsewhere\n",
		"go.mod":           "module example.test/p\n\ngo 1.26.0\n",
		"p.go":             "package p\n",
		"p_test.go":        "package p\n\nimport \"testing\"\n\nfunc TestP(*testing.T) {}\n",
		"sub/data":         "x",
		"nested/go.mod":    "module example.test/p/nested\n",
		"nested/x_test.go": "package broken; import _ \"example.test/none\"\n",
	} {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	t.Setenv("GOWORK", "off")
	s, err := Build(t.Context(), t.Output(), root, Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}, []string{"."}, "./...")
	require.NoError(t, err)
	require.Equal(t, []Package{{Path: "example.test/p", Dir: ".", Program: "p.test"}}, s.Packages)
	entries, err := os.ReadDir(filepath.Join(s.Dir, "src"))
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"go.mod", "p.go", "p.test", "p_test.go", "sub"}, names)
	out, err := command.Combined("/", nil, "sh", filepath.Join(s.Dir, "run.sh"))
	if err != nil || !strings.Contains(string(out), "\n1 packages, 1 tests passed, 0 skipped, 0 packages failed\n") {
		t.Errorf("got %v\n%s", err, out)
	}
}

// runThrough runs the tests of s through a command line.
func runThrough(t *testing.T, s *Stage, line string, exceptions ...Exception) (testrun.Result, string, error) {
	t.Helper()
	runner, err := CommandLine(line)
	require.NoError(t, err)
	var out bytes.Buffer
	programs, _, err := s.Programs(&out, "here", runner, exceptions)
	require.NoError(t, err)
	result, err := testrun.RunPrograms(t.Context(), testrun.Options{Out: &out}, time.Minute, programs)
	return result, out.String(), err
}

func TestTestsRunThroughACommand(t *testing.T) {
	s := build(t)
	script := filepath.Join(t.TempDir(), "through")
	require.NoError(t, os.WriteFile(script, []byte("echo through \"$1\"; \"$@\"\n"), 0o666))
	result, out, err := runThrough(t, s, "/bin/sh "+script)
	if err == nil || result.Packages != 2 || result.Passed != 2 || result.Skipped != 1 || !slices.Equal(result.Failed, []string{"example.test/p/m/bad"}) {
		t.Errorf("got %+v, %v\n%s", result, err, out)
	}
	if want := "CONFORMANCE queue good: 1 pass, 0 n/a, 0 waived, 0 violated [level 1 pass]"; !slices.Equal(result.Conformance, []string{want}) {
		t.Errorf("got %q, want %q", result.Conformance, want)
	}
	if !strings.Contains(out, "a_test.go:5: wrong") || !strings.Contains(out, "through "+s.Dir) {
		t.Errorf("the output of the failed package is missing:\n%s", out)
	}
}

func TestTheStatusOfTheCommandCounts(t *testing.T) {
	s := build(t)
	script := filepath.Join(t.TempDir(), "breaks")
	require.NoError(t, os.WriteFile(script, []byte("\"$@\"; exit 3\n"), 0o666))
	bad := Exception{Where: "here", Package: "m/bad", Reason: "it is bad"}
	result, out, err := runThrough(t, s, "sh "+script, bad)
	if err == nil || len(result.Failed) != 1 || !strings.Contains(out, "exit status 3") {
		t.Errorf("a command that fails after PASS: got %+v, %v\n%s", result, err, out)
	}
	result, out, err = runThrough(t, s, "env", bad)
	if err != nil || result.Packages != 1 || !strings.Contains(out, "left\texample.test/p/m/bad\tit is bad\n") {
		t.Errorf("without the bad one: got %+v, %v\n%s", result, err, out)
	}
	result, out, err = runThrough(t, s, "env", bad, Exception{Where: "here", Package: "m/...", Tests: "^TestData$", Reason: "no data"})
	if err != nil || result.Passed != 0 || len(result.Conformance) != 0 {
		t.Errorf("without TestData: got %+v, %v\n%s", result, err, out)
	}
	result, out, err = runThrough(t, s, "true")
	if err == nil || len(result.Failed) != 2 {
		t.Errorf("a command that runs nothing: got %+v, %v\n%s", result, err, out)
	}
}

func TestAnExceptionForNothingIsAnError(t *testing.T) {
	s := &Stage{Packages: []Package{{Path: "x/m", Dir: "m"}}}
	_, _, err := s.Programs(t.Output(), "here", nil, []Exception{{Where: "here", Package: "m", Reason: "old"}})
	if err == nil || !strings.Contains(err.Error(), "m has no tests there: old") {
		t.Errorf("got %v", err)
	}
}

func TestABadCommandIsOneClearLine(t *testing.T) {
	for _, line := range []string{"", " ", "no-such-program -x"} {
		if _, err := CommandLine(line); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v", line, err)
		}
	}
}
