//go:build mage

// The build tooling of the workspace. Run `go tool mage` for the list of targets. It needs only Go.
// The linters are built from tools/go.mod on first use.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/guest"
	"github.com/edgewise-go/edgewise/magefiles/internal/lint"
	"github.com/edgewise-go/edgewise/magefiles/internal/matrix"
	"github.com/edgewise-go/edgewise/magefiles/internal/platform"
	"github.com/edgewise-go/edgewise/magefiles/internal/preflight"
	"github.com/edgewise-go/edgewise/magefiles/internal/testrun"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// testTimeout bounds the tests of one package. It is far above what the slowest package needs on a
// small machine.
const testTimeout = "-timeout=30m"

// Most parallel tests of the conformance suites wait for the kernel. Mutants wait for their
// patience to end.
const (
	testParallel  = "-parallel=8"
	proveParallel = "-parallel=16"
)

// Test runs the tests of all modules, with the race detector where it works, and prints the
// conformance table. It runs every pair of values from the products of mechanisms, modes,
// schedulers and forms, and every combination with -full. With -v (go tool mage -v test) it also
// prints the name of each top-level test. It omits the proofs of the conformance suites, the
// libraries of others and the tests of these targets: see prove, interop and testTools.
func Test(full *bool) error {
	w, err := open()
	if err != nil {
		return err
	}
	packages, err := guest.Packages(os.Stdout, w, here)
	if err != nil {
		return err
	}
	packages = slices.DeleteFunc(packages, func(path string) bool {
		dir, _ := w.Owner(path)
		return dir == interop || dir == tooling
	})
	flags := append(raceFlags("test"), testTimeout, testParallel, "-skip="+guest.Proofs, packagesAtOnce(), withoutDebugInfo)
	if full != nil && *full {
		// The matrix holds the results of every default run, so a fuller run is not recorded.
		_, err := runTests(testrun.Options{Dir: w.Root, Env: []string{suiteFull + "=1"}}, flags, packages...)
		return err
	}
	return runRecordedWith(testrun.Options{Dir: w.Root, Env: []string{raceExit}}, w, flags, packages...)
}

// Prove shows that the conformance suites can fail. It runs their cases against implementations
// with one broken rule each, with the race detector where it works.
func Prove() error {
	w, err := open()
	if err != nil {
		return err
	}
	flags := append(raceFlags("prove"), testTimeout, proveParallel, "-run="+guest.Proofs)
	_, err = runTests(testrun.Options{Dir: w.Root}, flags, "./conformance/...")
	return err
}

// interop is the module whose tests run the libraries of others. Compiling those takes longer than
// all else, so only Interop and TestAlone do.
const interop = "interop"

// Interop runs the libraries of others on edgewise, with the race detector where it works, and
// prints a table: a line per library, a column per form. The libraries include clients of Redis and
// PostgreSQL, for which it starts servers if they are installed.
func Interop() error {
	w, err := open()
	if err != nil {
		return err
	}
	var grid testrun.Grid
	_, err = runTests(testrun.Options{Dir: w.Root, Ended: grid.Add}, append(raceFlags("interop"), testTimeout), "./"+interop+"/...")
	grid.Print(os.Stdout)
	return err
}

// suiteFull names the environment variable that makes the suites run whole products.
const suiteFull = "EDGEWISE_FULL"

// raceFlags returns the flag of the race detector if it works on this machine. Otherwise it prints
// the reason.
func raceFlags(target string) []string {
	works, reason := testrun.RaceDetector()
	if !works {
		fmt.Printf("%s: WITHOUT the race detector: %s\n", target, reason)
		return nil
	}
	return []string{"-race"}
}

// testedTogether lists the modules whose tests cover several modules or read the workspace. Alone,
// they are only compiled.
var testedTogether = []string{"conformance", "apps", "bench", "magefiles", interop}

// TestAlone vets and tests each module alone and checks that it is tidy, as its users will build
// it. The tests of conformance, apps, bench, interop and magefiles are only compiled: test and
// interop run them with all modules.
func TestAlone() error {
	w, err := open()
	if err != nil {
		return err
	}
	alone := []string{"GOWORK=off"}
	var errs []error
	for _, m := range w.Modules {
		fmt.Println("alone:", m.Dir)
		step := command.Stream(os.Stdout, m.Dir, alone, "go", "vet", "./...")
		if step == nil {
			flags := []string{testTimeout, testParallel}
			if slices.Contains(testedTogether, m.Dir) {
				flags = append(flags, "-run=^$")
			}
			_, step = runTests(testrun.Options{Dir: m.Dir, Env: alone}, flags, "./...")
		}
		if step != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Dir, step))
		}
	}
	for _, dir := range append(dirs(w), "tools") {
		if err := command.Stream(os.Stdout, dir, alone, "go", "mod", "tidy", "-diff"); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// Conformance runs the conformance suites on every platform that this machine has or emulates. It
// prints a line per implementation and compares the results with conformance/matrix.txt. It names
// the platforms that cannot run here. It omits the tests of the suites themselves, which test runs.
func Conformance(ctx context.Context) error {
	w, err := open()
	if err != nil {
		return err
	}
	if err := matrix.Forget(w.Root); err != nil {
		return err
	}
	errs := []error{runRecorded(w, []string{testTimeout, testParallel, "-skip=" + guest.Proofs}, "./conformance/...")}
	for _, g := range append([]guest.Guest{guest.Windows(w)}, guest.Emulated()...) {
		g.Packages, g.Skip = g.Conformance, guest.Proofs
		err := runGuest(ctx, w, g)
		if errors.Is(err, guest.ErrNotHere) && !required() {
			fmt.Println(err)
			continue
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, matrix.Check(os.Stdout, w.Root, required()))...)
}

// ConformanceCheck compares the results of the last runs of test, testWindows, testEmulated or
// conformance with conformance/matrix.txt. It runs no test.
func ConformanceCheck() error {
	w, err := open()
	if err != nil {
		return err
	}
	return matrix.Check(os.Stdout, w.Root, required())
}

// ConformanceWrite accepts the results of the last runs of test, testWindows, testEmulated or
// conformance: it writes conformance/matrix.txt.
func ConformanceWrite() error {
	w, err := open()
	if err != nil {
		return err
	}
	if err := matrix.Accept(os.Stdout, w.Root); err != nil {
		return err
	}
	return lint.WriteGenerated(w)
}

// benchPlatforms are those of people who measure. On the others, the dependencies of bench and of
// interop would take longer to compile than all else.
var benchPlatforms = []platform.Platform{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "386"}, {OS: "darwin", Arch: "arm64"}, {OS: "windows", Arch: "amd64"}}

// Vet vets all modules and their tests for each platform that is promised to compile, except bench
// and interop: they are vetted for Linux, Windows and macOS.
func Vet() error {
	w, err := open()
	if err != nil {
		return err
	}
	all, err := platform.Known(platform.Promised())
	if err != nil {
		return err
	}
	few := []string{"./bench/...", "./" + interop + "/..."}
	others := slices.DeleteFunc(patterns(w), func(p string) bool { return slices.Contains(few, p) })
	return errors.Join(
		platform.Vet(os.Stdout, w.Root, all, others...),
		platform.Vet(os.Stdout, w.Root, benchPlatforms, few...))
}

// TestWindows compiles the tests of the modules for Windows and runs them under Wine, in a prefix
// of their own. It omits the tests that cannot run there and prints their names.
func TestWindows(ctx context.Context) error {
	w, err := open()
	if err != nil {
		return err
	}
	return runGuest(ctx, w, guest.Windows(w))
}

// TestEmulated compiles the tests that depend on the processor for linux on 386, arm64 and s390x.
// It runs them under QEMU user emulation.
func TestEmulated(ctx context.Context) error {
	w, err := open()
	if err != nil {
		return err
	}
	var errs []error
	for _, g := range guest.Emulated() {
		errs = append(errs, runGuest(ctx, w, g))
	}
	return errors.Join(errs...)
}

// TestExec compiles the tests of the modules for GOOS and GOARCH as testStage does, and runs each
// through CMD: go tool mage testExec linux arm64 qemu-aarch64. It appends the path of the test
// program and its arguments to CMD and runs the result in the directory of the package.
// -packages="./sys ./queue/..." selects packages and -run=REGEXP selects tests.
func TestExec(ctx context.Context, goos, goarch, cmd string, run, packages *string) error {
	w, err := open()
	if err != nil {
		return err
	}
	g := guest.Command(w, platform.Platform{OS: goos, Arch: goarch}, cmd)
	if packages != nil {
		g.Packages = strings.Fields(*packages)
	}
	o := guestOptions()
	if run != nil {
		o.Args = append(o.Args, "-test.run="+*run)
	}
	_, err = g.Run(ctx, w, o)
	return err
}

// TestStage compiles the tests of the modules for GOOS and GOARCH into bin/GOOS_GOARCH. Copy that
// directory to a machine without Go and run its run.sh, which runs all tests.
func TestStage(ctx context.Context, goos, goarch string) error {
	w, err := open()
	if err != nil {
		return err
	}
	_, err = guest.Build(ctx, os.Stdout, w, platform.Platform{OS: goos, Arch: goarch}, guest.Core(w)...)
	return err
}

// Lint checks the form of the source: gofmt, staticcheck, actionlint, and this repository's rules
// for file names, build constraints and skipped tests.
func Lint() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := lint.Check(w)
	errs := []error{report("lint: files", findings, err)}
	findings, err = lint.Generated(w)
	errs = append(errs, report("lint: generated documentation", findings, err))
	fmt.Println("lint: building staticcheck and actionlint if they are missing")
	// "tool" selects the tool lines of tools/go.mod.
	if err := command.BuildTools(w.Root, toolsDir, "tool"); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"staticcheck", append([]string{"-tags=mage"}, patterns(w)...)},
		{"actionlint", nil},
	} {
		fmt.Println("lint: running", c.name)
		err := command.Stream(os.Stdout, w.Root, nil, command.ToolPath(toolsDir, c.name), c.args...)
		errs = append(errs, report("lint: "+c.name, nil, err))
	}
	return errors.Join(errs...)
}

// Docs writes the generated parts of the documentation: the column of dependencies, the summary of
// the conformance matrix and the recorded comparison of resolvers. Lint compares them.
func Docs() error {
	w, err := open()
	if err != nil {
		return err
	}
	return lint.WriteGenerated(w)
}

// Deps checks that no package imports what the table of the architecture does not allow, and that
// only tests open sockets through package net.
func Deps() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := lint.Imports(w, lint.Architecture())
	if err != nil {
		return err
	}
	further, err := lint.Reach(w, lint.Architecture(), []string{"linux", "windows", "darwin"})
	return report("deps", append(findings, further...), err)
}

// Replaces checks that every go.mod requires and replaces its siblings as versions.txt and the
// imports demand.
func Replaces() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := w.CheckSiblings()
	return report("replaces", findings, err)
}

// ReplacesWrite makes every go.mod require and replace its siblings as versions.txt and the imports
// demand.
func ReplacesWrite() error {
	w, err := open()
	if err != nil {
		return err
	}
	return w.WriteSiblings()
}

// Preflight uses each released module alone, as a user who downloads its next version will. It
// checks that this user receives no module that only the development of edgewise needs.
func Preflight() error {
	w, err := open()
	if err != nil {
		return err
	}
	if err := command.BuildTools(w.Root, toolsDir, "./modzip"); err != nil {
		return err
	}
	modzip, err := filepath.Abs(command.ToolPath(toolsDir, "modzip"))
	if err != nil {
		return err
	}
	return preflight.Run(os.Stdout, w, modzip, lint.CoreOutside())
}

// Tidy writes the requires of siblings and runs go mod tidy in every module.
func Tidy() error {
	mg.SerialDeps(ReplacesWrite)
	w, err := open()
	if err != nil {
		return err
	}
	for _, dir := range append(dirs(w), "tools") {
		if err := command.Stream(os.Stdout, dir, []string{"GOWORK=off"}, "go", "mod", "tidy"); err != nil {
			return err
		}
	}
	return nil
}

// Bench runs the benchmarks. Its arguments go into one flag: go tool mage bench -args="echo -h".
// Without arguments it lists the commands.
func Bench(args *string) error {
	run := []string{"run", "./bench"}
	if args != nil {
		run = append(run, strings.Fields(*args)...)
	}
	c := command.Cmd(".", nil, "go", run...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c.Run()
}

// Clean removes everything that the targets have built.
func Clean() error {
	return errors.Join(os.RemoveAll(".cache"), os.RemoveAll("bin"))
}

// here is the platform of this machine.
var here = platform.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}

// toolsDir is the directory into which the programs of tools/go.mod are built.
const toolsDir = ".cache/tools"

func open() (*workspace.Workspace, error) { return workspace.Find(".") }

func dirs(w *workspace.Workspace) []string {
	var all []string
	for _, m := range w.Modules {
		all = append(all, m.Dir)
	}
	return all
}

// patterns returns the package pattern of each module.
func patterns(w *workspace.Workspace) []string {
	var all []string
	for _, m := range w.Modules {
		all = append(all, m.Pattern())
	}
	return all
}

func guestOptions() testrun.Options {
	return testrun.Options{Out: os.Stdout, Verbose: mg.Verbose()}
}

// required reports whether everything that a test or a comparison needs must be available, as on a
// machine with all programs installed.
func required() bool { return os.Getenv("EDGEWISE_REQUIRE") != "" }

// runGuest runs the tests of g and records the results of the conformance suites.
func runGuest(ctx context.Context, w *workspace.Workspace, g guest.Guest) error {
	result, err := g.Run(ctx, w, guestOptions())
	if err != nil {
		err = fmt.Errorf("%s: %w", g.Name, err)
	}
	return record(w, g.Name, result, err)
}

// record stores the conformance results of a run on platform. The run ended with err, which record
// returns.
func record(w *workspace.Workspace, platform string, result testrun.Result, err error) error {
	if err != nil {
		return errors.Join(err, matrix.Drop(w.Root, platform))
	}
	return matrix.Record(w.Root, platform, result.Conformance)
}

// runTests runs go test with flags on packages, which may be patterns.
func runTests(o testrun.Options, flags []string, packages ...string) (testrun.Result, error) {
	list, err := command.Output(o.Dir, o.Env, "go", append([]string{"list"}, packages...)...)
	if err != nil {
		return testrun.Result{}, err
	}
	o.Packages = len(strings.Fields(string(list)))
	o.Args, o.Out, o.Verbose = append(flags, packages...), os.Stdout, mg.Verbose()
	result, err := testrun.Run(o)
	testrun.PrintConformance(os.Stdout, result.Conformance)
	fmt.Println(result)
	return result, err
}

// runRecorded runs go test with flags on packages and records the conformance results for this
// platform.
func runRecorded(w *workspace.Workspace, flags []string, packages ...string) error {
	return runRecordedWith(testrun.Options{Dir: w.Root}, w, flags, packages...)
}

func runRecordedWith(o testrun.Options, w *workspace.Workspace, flags []string, packages ...string) error {
	result, err := runTests(o, flags, packages...)
	return record(w, here.String(), result, err)
}

func report(what string, findings []string, err error) error {
	for _, f := range findings {
		fmt.Println(f)
	}
	if err == nil && len(findings) > 0 {
		err = fmt.Errorf("%s: %d findings", what, len(findings))
	}
	if err == nil {
		fmt.Println(what + ": ok")
	}
	return err
}
