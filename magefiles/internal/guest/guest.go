// Package guest runs the tests of the modules on other systems from this machine: Windows under
// Wine, Linux on other processors under QEMU user emulation, and any system that a user's command
// reaches.
package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/platform"
	"github.com/edgewise-go/edgewise/magefiles/internal/testrun"
	"github.com/edgewise-go/edgewise/magefiles/internal/wine"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// packageLimit bounds the tests of one package. Emulation is ten to twenty times slower than this
// machine.
const packageLimit = 10 * time.Minute

// Proofs is a regular expression of the tests that run the conformance suites against broken
// implementations. They test the suites, not an implementation.
const Proofs = "^(TestEveryCaseCanFail|TestMutantsAreFound|TestCrewsFindMutants)$"

// ErrNotHere reports that a guest is not available on this machine as it is.
var ErrNotHere = errors.New("not available on this machine")

// Guest is a system to run tests on.
type Guest struct {
	// Name is the platform, followed in brackets by what emulates it, as in the conformance matrix.
	Name     string
	Platform platform.Platform
	// Packages are patterns of the packages to test, relative to the root.
	Packages []string
	// Conformance are the patterns of the conformance suites among Packages.
	Conformance []string
	// Skip is a regular expression of tests to omit, in addition to the exceptions.
	Skip string
	// open prepares the guest. It returns how to run a program, and a function that ends the guest.
	open func(ctx context.Context, out io.Writer, w *workspace.Workspace) (platform.Runner, func() error, error)
}

// Core returns the patterns of all packages that are tested on guests: those of the released
// modules. apps and bench are tested where they are built, with programs that a guest lacks.
func Core(w *workspace.Workspace) []string {
	var all []string
	for _, m := range coreModules(w) {
		all = append(all, m.Pattern())
	}
	return all
}

func coreModules(w *workspace.Workspace) []workspace.Module {
	return slices.DeleteFunc(slices.Clone(w.Modules), func(m workspace.Module) bool { return !m.Released })
}

// Windows returns the Wine guest, with its prefix below the root of the workspace.
func Windows(w *workspace.Workspace) Guest {
	return Guest{
		Name:        wine8,
		Platform:    platform.Platform{OS: "windows", Arch: "amd64"},
		Packages:    Core(w),
		Conformance: []string{"./conformance/..."},
		open: func(ctx context.Context, out io.Writer, w *workspace.Workspace) (platform.Runner, func() error, error) {
			opened, err := wine.Open(ctx, out, filepath.Join(w.Root, ".cache", "wine"))
			if errors.Is(err, wine.ErrNotFound) {
				return nil, nil, fmt.Errorf("%w: %w", ErrNotHere, err)
			}
			if err != nil {
				return nil, nil, err
			}
			return opened.Cmd, opened.Close, nil
		},
	}
}

// emulators are the QEMU programs for the tested processors: the other common 64-bit processor and
// a big-endian one.
var emulators = []struct{ name, arch, program string }{
	{arm64, "arm64", "qemu-aarch64"},
	{s390x, "s390x", "qemu-s390x"},
}

// emulated are the packages that use the kernel or the memory model directly. Packages above them
// have no code that depends on the processor.
var emulated = []string{"./sys/...", "./queue/...", "./conformance/queuetest"}

// Emulated returns the guests that combine the kernel of this machine with another processor. amd64
// runs 32-bit programs itself; QEMU user emulation provides the other processors.
func Emulated() []Guest {
	all := []Guest{{
		Name:        i386,
		Platform:    platform.Platform{OS: "linux", Arch: "386"},
		Packages:    emulated,
		Conformance: []string{"./conformance/queuetest"},
		open: func(context.Context, io.Writer, *workspace.Workspace) (platform.Runner, func() error, error) {
			// In qemu-i386 7.2 all threads share one table of segments, but each thread of Go needs
			// its own.
			if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
				return nil, nil, fmt.Errorf("%w: linux/386 programs run on linux/amd64 only, and crash in qemu-i386", ErrNotHere)
			}
			return exec.CommandContext, nothing, nil
		},
	}}
	for _, e := range emulators {
		all = append(all, Guest{
			Name:        e.name,
			Platform:    platform.Platform{OS: "linux", Arch: e.arch},
			Packages:    emulated,
			Conformance: []string{"./conformance/queuetest"},
			open: func(context.Context, io.Writer, *workspace.Workspace) (platform.Runner, func() error, error) {
				if _, err := exec.LookPath(e.program); err != nil {
					return nil, nil, fmt.Errorf("%w: no %s: install it (Debian, Ubuntu: apt-get install qemu-user)", ErrNotHere, e.program)
				}
				runner, err := platform.CommandLine(e.program)
				return runner, nothing, err
			},
		})
	}
	return all
}

// Command returns the guest that the user's command line reaches.
func Command(w *workspace.Workspace, p platform.Platform, line string) Guest {
	return Guest{
		Name:     p.String() + " (" + line + ")",
		Platform: p,
		Packages: Core(w),
		open: func(context.Context, io.Writer, *workspace.Workspace) (platform.Runner, func() error, error) {
			runner, err := platform.CommandLine(line)
			return runner, nothing, err
		},
	}
}

// nothing ends a guest that needs no cleanup.
func nothing() error { return nil }

// Build compiles the tests of the packages for p into the stage directory.
func Build(ctx context.Context, out io.Writer, w *workspace.Workspace, p platform.Platform, packages ...string) (*platform.Stage, error) {
	known, err := platform.Known([]platform.Platform{p})
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("this Go does not compile for %s: run go tool dist list for the supported platforms", p)
	}
	var dirs []string
	for _, m := range coreModules(w) {
		dirs = append(dirs, m.Dir)
	}
	return platform.Build(ctx, out, w.Root, p, dirs, packages...)
}

// Run compiles and runs the tests of g and returns the result. It uses only the fields Args, Out,
// Verbose and Every of o.
func (g Guest) Run(ctx context.Context, w *workspace.Workspace, o testrun.Options) (result testrun.Result, err error) {
	// Fail at once if the guest is missing, before compiling anything.
	runner, end, err := g.open(ctx, o.Out, w)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, end()) }()
	s, err := Build(ctx, o.Out, w, g.Platform, g.Packages...)
	if err != nil {
		return result, err
	}
	programs, left, err := s.Programs(o.Out, g.Name, runner, exceptions)
	if err != nil {
		return result, err
	}
	for i := range programs {
		programs[i].Skip = strings.Trim(programs[i].Skip+"|"+g.Skip, "|")
	}
	result, err = testrun.RunPrograms(ctx, o, packageLimit, programs)
	testrun.PrintConformance(o.Out, result.Conformance)
	fmt.Fprintf(o.Out, "%s: %s, %d left out\n", g.Name, result, left)
	return result, err
}
