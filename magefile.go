//go:build mage

// The build tooling of the workspace: run `go tool mage` for the list of targets. Nothing but Go is needed; the
// linters are built from tools/go.mod when they are first wanted.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/edgewise-go/edgewise/internal/command"
	"github.com/edgewise-go/edgewise/internal/imports"
	"github.com/edgewise-go/edgewise/internal/lint"
	"github.com/edgewise-go/edgewise/internal/platforms"
	"github.com/edgewise-go/edgewise/internal/preflight"
	"github.com/edgewise-go/edgewise/internal/testrun"
	"github.com/edgewise-go/edgewise/internal/toolbox"
	"github.com/edgewise-go/edgewise/internal/workspace"
)

// testTimeout bounds one package's tests; it is far above what the slowest needs on a small machine.
const testTimeout = "-timeout=5m"

// Test runs the tests of all modules together, with the race detector where it works, and prints the conformance
// table. With -v (go tool mage -v test) it also names each top-level test.
func Test() error {
	args := []string{testTimeout}
	if works, reason := testrun.RaceDetector(); works {
		fmt.Println("test: with the race detector")
		args = append(args, "-race")
	} else {
		fmt.Println("test: WITHOUT the race detector:", reason)
	}
	return runTests(testrun.Options{Dir: "."}, append(args, "work")...)
}

// TestAlone vets, tests and checks the tidiness of each module by itself, as its users will build it.
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
			step = runTests(testrun.Options{Dir: m.Dir, Env: alone}, testTimeout, "./...")
		}
		if step != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Dir, step))
		}
	}
	for _, dir := range append(dirs(w), ".", "tools") {
		if err := command.Stream(os.Stdout, dir, alone, "go", "mod", "tidy", "-diff"); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// Conformance runs the conformance suites alone, with every case by name, and prints the table.
func Conformance() error {
	return runTests(testrun.Options{Dir: ".", Every: true}, testTimeout, "./conformance/...")
}

// Vet vets all modules and their tests for each platform that is promised to compile.
func Vet() error {
	w, err := open()
	if err != nil {
		return err
	}
	all, err := platforms.Known(platforms.Promised())
	if err != nil {
		return err
	}
	return platforms.Vet(os.Stdout, w.Root, all, append(patterns(w), "./internal/...")...)
}

// Cross compiles the tests for another platform into bin, with a script that runs them there.
func Cross(goos, goarch string) error {
	w, err := open()
	if err != nil {
		return err
	}
	return platforms.Cross(os.Stdout, w.Root, platforms.Platform{OS: goos, Arch: goarch}, patterns(w)...)
}

// Lint checks the form of the source: gofmt, staticcheck, actionlint, and the rules of this repository for the names
// and build constraints of files and for skipped tests.
func Lint() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := lint.Check(w)
	errs := []error{report("lint: files", findings, err)}
	fmt.Println("lint: building staticcheck and actionlint if they are not there")
	// "tool" is what tools/go.mod names in its tool lines.
	if err := toolbox.Build(w.Root, toolsDir, "tool"); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"staticcheck", append([]string{"-tags=mage", ".", "./internal/..."}, patterns(w)...)},
		{"actionlint", nil},
	} {
		fmt.Println("lint: running", c.name)
		err := command.Stream(os.Stdout, w.Root, nil, toolbox.Program(toolsDir, c.name), c.args...)
		errs = append(errs, report("lint: "+c.name, nil, err))
	}
	return errors.Join(errs...)
}

// Deps checks that no package imports what the table of the architecture does not allow it, and that nothing but
// tests opens sockets through package net.
func Deps() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := imports.Check(w, imports.Architecture())
	if err != nil {
		return err
	}
	further, err := imports.CheckReach(w, imports.Architecture(), []string{"linux", "windows", "darwin"})
	return report("deps", append(findings, further...), err)
}

// Replaces checks that every go.mod requires and replaces its siblings as versions.txt and the imports demand.
func Replaces() error {
	w, err := open()
	if err != nil {
		return err
	}
	findings, err := w.CheckSiblings()
	return report("replaces", findings, err)
}

// ReplacesWrite makes every go.mod require and replace its siblings as versions.txt and the imports demand.
func ReplacesWrite() error {
	w, err := open()
	if err != nil {
		return err
	}
	return w.WriteSiblings()
}

// Preflight uses each released module alone, as a user will who downloads it at its next version.
func Preflight() error {
	w, err := open()
	if err != nil {
		return err
	}
	if err := toolbox.Build(w.Root, toolsDir, "./modzip"); err != nil {
		return err
	}
	modzip, err := filepath.Abs(toolbox.Program(toolsDir, "modzip"))
	if err != nil {
		return err
	}
	return preflight.Run(os.Stdout, w, modzip)
}

// Tidy writes the requires of siblings and runs go mod tidy in every module.
func Tidy() error {
	mg.SerialDeps(ReplacesWrite)
	w, err := open()
	if err != nil {
		return err
	}
	for _, dir := range append(dirs(w), ".", "tools") {
		if err := command.Stream(os.Stdout, dir, []string{"GOWORK=off"}, "go", "mod", "tidy"); err != nil {
			return err
		}
	}
	return nil
}

// Bench runs the benchmark app; its arguments go into one flag: go tool mage bench -args="-h".
func Bench(args *string) error {
	run := []string{"run", "./apps/bench"}
	if args != nil {
		run = append(run, strings.Fields(*args)...)
	}
	c := command.Cmd(".", nil, "go", run...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c.Run()
}

// Clean removes what the targets have built.
func Clean() error {
	return errors.Join(os.RemoveAll(".cache"), os.RemoveAll("bin"))
}

// toolsDir is where the programs of tools/go.mod are built.
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
		all = append(all, "./"+m.Dir+"/...")
	}
	return all
}

// runTests runs go test with args, the last of which is the package pattern.
func runTests(o testrun.Options, args ...string) error {
	list, err := command.Output(o.Dir, o.Env, "go", "list", args[len(args)-1])
	if err != nil {
		return err
	}
	o.Packages = len(strings.Fields(string(list)))
	o.Args, o.Out, o.Verbose = args, os.Stdout, mg.Verbose()
	result, err := testrun.Run(o)
	testrun.PrintConformance(os.Stdout, result.Conformance)
	fmt.Printf("%d packages, %d tests passed, %d skipped, %d packages failed\n",
		result.Packages, result.Passed, result.Skipped, len(result.Failed))
	return err
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
