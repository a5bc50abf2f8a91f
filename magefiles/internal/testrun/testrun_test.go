package testrun

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var fixture = map[string]string{
	"go.mod":      "module example.test/run\n\ngo 1.26.0\n",
	"good/a.go":   "package good\n",
	"empty/a.go":  "package empty\n",
	"wrong/a.go":  "package wrong\n",
	"panics/a.go": "package panics\n",
	"exits/a.go":  "package exits\n",
	"good/a_test.go": `package good
import "testing"
func TestOne(t *testing.T) {
	t.Run("sub", func(t *testing.T) { t.Log("hush") })
	t.Run("left", func(t *testing.T) { t.Skip("why") })
	t.Run("level/one", func(t *testing.T) {})
	t.Run("edge/one", func(t *testing.T) {})
	t.Run("edge/two", func(t *testing.T) { t.Skipf("N/A %s: needs x", "edge/two") })
	t.Log("CONFORMANCE queue epoll/edge: 52 pass, 1 n/a, 0 waived, 0 violated (needs x: 1)")
	t.Log("not CONFORMANCE")
}`,
	"wrong/a_test.go": `package wrong
import "testing"
func TestGood(t *testing.T) { t.Log("hush") }
func TestBad(t *testing.T) {
	t.Run("inner", func(t *testing.T) { t.Error("got 1, want 2") })
	t.Log("CONFORMANCE queue bad: 1 pass, 0 n/a, 0 waived, 1 violated")
}`,
	"panics/a_test.go": "package panics\nimport \"testing\"\nfunc TestP(t *testing.T) { panic(\"ouch\") }\n",
	"exits/a_test.go":  "package exits\nimport (\"os\"; \"testing\")\nfunc TestX(t *testing.T) { os.Exit(0) }\n",
	"broken/a.go":      "package broken\nvar x int = \"text\"\n",
	"broken/a_test.go": "package broken\nimport \"testing\"\nfunc TestB(t *testing.T) {}\n",
}

func run(t *testing.T, verbose bool, packages ...string) (Result, string, error) {
	t.Helper()
	return runWith(t, Options{Verbose: verbose, Args: packages})
}

func runWith(t *testing.T, o Options) (Result, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range fixture {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	var out bytes.Buffer
	o.Dir, o.Env, o.Out = dir, []string{"GOWORK=off"}, &out
	result, err := Run(o)
	return result, out.String(), err
}

func TestPassingPackagesTakeOneLine(t *testing.T) {
	result, out, err := run(t, false, "./good", "./empty")
	if err != nil || result.Packages != 2 || result.Passed != 4 || result.Skipped != 2 || len(result.Failed) != 0 {
		t.Errorf("got %+v, %v", result, err)
	}
	if !strings.HasPrefix(out, "ok  \texample.test/run/good\t") || strings.Count(out, "\n") != 1 ||
		!strings.HasSuffix(out, "4 passed, 2 skipped\n") {
		t.Errorf("got %q, want one line for the package with tests", out)
	}
	want := []string{"CONFORMANCE queue epoll/edge: 52 pass, 1 n/a, 0 waived, 0 violated (needs x: 1) [level 1 pass; edge 1 pass, 1 n/a]"}
	if !slices.Equal(result.Conformance, want) {
		t.Errorf("got %q, want %q", result.Conformance, want)
	}
}

func TestVerboseNamesTopLevelTests(t *testing.T) {
	_, out, err := run(t, true, "./good", "./empty")
	if err != nil || !strings.Contains(out, "\n--- PASS: TestOne (") || strings.Contains(out, "sub") ||
		!strings.Contains(out, "[no tests]") {
		t.Errorf("got %v, %q", err, out)
	}
}

func TestEveryShowsSubtestsAndWhatTheyLog(t *testing.T) {
	_, out, err := runWith(t, Options{Every: true, Args: []string{"./good"}})
	for _, want := range []string{"--- PASS: TestOne/sub", "hush", "--- SKIP: TestOne/left", "why"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("got %v, %q is not in\n%s", err, want, out)
		}
	}
}

func TestFailuresAreShownAndReturned(t *testing.T) {
	for _, c := range []struct {
		pkg        string
		shown, not []string
	}{
		{"wrong", []string{"--- FAIL: TestBad", "inner", "got 1, want 2"}, []string{"hush", "TestGood"}},
		{"panics", []string{"panic: ouch", "a_test.go:3"}, nil},
		{"exits", []string{"os.Exit(0)", "TestX"}, nil},
		{"broken", []string{"broken/a.go:2", "FAIL"}, nil},
		{"missing", []string{"missing"}, nil},
	} {
		t.Run(c.pkg, func(t *testing.T) {
			result, out, err := run(t, false, "./good", "./"+c.pkg)
			if err == nil {
				t.Fatalf("got no error; %+v\n%s", result, out)
			}
			for _, s := range c.shown {
				if !strings.Contains(filepath.ToSlash(out), s) {
					t.Errorf("%q is not shown in\n%s", s, out)
				}
			}
			for _, s := range c.not {
				if strings.Contains(out, s) {
					t.Errorf("%q is shown in\n%s", s, out)
				}
			}
		})
	}
}

func TestAnEndWithoutResultIsAFailure(t *testing.T) {
	var out bytes.Buffer
	r, err := read(strings.NewReader(`{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestHangs"}
{"Action":"output","Package":"p","Test":"TestHangs","Output":"last words\n"}
go: a line that is no event
`), Options{}, &out)
	if err != nil || !slices.Equal(r.Failed, []string{"p"}) || !strings.Contains(out.String(), "last words") ||
		!strings.Contains(out.String(), "no event") {
		t.Errorf("got %+v, %v, %q", r, err, out.String())
	}
}

func TestProgressNamesWhatRuns(t *testing.T) {
	r := newReader(Options{Packages: 7}, nil)
	r.start = time.Now().Add(-90 * time.Second)
	if got, want := r.progress(), "... 90s: 0 of 7 packages done, compiling"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, e := range []event{
		{Action: "start", Package: "p"},
		{Action: "run", Package: "p", Test: "TestDone"},
		{Action: "pass", Package: "p", Test: "TestDone"},
		{Action: "run", Package: "p", Test: "TestSlow"},
	} {
		r.handle(e)
	}
	if got, want := r.progress(), "... 90s: 0 of 7 packages done; in p 1 tests done, at TestSlow"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConformanceTable(t *testing.T) {
	var out bytes.Buffer
	PrintConformance(&out, []string{
		"CONFORMANCE queue epoll/edge: 52 pass, 1 n/a, 0 waived, 0 violated (needs x: 1)",
		"CONFORMANCE resolve pool: 8 pass, 0 n/a, 2 waived, 0 violated",
		"CONFORMANCE queue poll: 3 pass, 1 n/a, 0 waived, 0 violated (needs x: 1; needs y: 2) [level 2 pass, 1 n/a; edge 1 pass]",
		"CONFORMANCE of another form",
	})
	want := `
CONFORMANCE  implementation  pass  n/a  waived  violated  by mode                           not applicable because
queue        epoll/edge      52    1    0       0         -                                 needs x: 1
resolve      pool            8     0    2       0         -                                 -
queue        poll            3     1    0       0         level 2 pass, 1 n/a; edge 1 pass  needs x: 1; needs y: 2
CONFORMANCE of another form
`
	if out.String() != want {
		t.Errorf("got %s\nwant %s", out.String(), want)
	}
	out.Reset()
	PrintConformance(&out, nil)
	if out.Len() != 0 {
		t.Errorf("got %q for no lines, want nothing", out.String())
	}
}
