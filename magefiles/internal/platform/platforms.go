// Package platform lists the operating systems and processors for which the code must at least
// compile, and vets the code for each of them. It compiles tests for another platform into a
// [Stage], a directory that can be copied to a machine without Go.
package platform

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"golang.org/x/sync/errgroup"
)

// vetsAtOnce bounds the platforms that are vetted at the same time. Each go command starts its own
// compilers.
const vetsAtOnce = 2

// Platform is a pair as in GOOS/GOARCH.
type Platform struct{ OS, Arch string }

func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Promised returns the platforms that must compile, including those that this Go release does not
// know.
func Promised() []Platform {
	var all []Platform
	for _, system := range []string{"linux", "windows", "darwin", "freebsd", "openbsd", "netbsd", "dragonfly"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, Platform{system, arch})
		}
	}
	// A 32-bit platform, where an atomic 64-bit field needs care, and a big-endian one.
	return append(all, Platform{"linux", "386"}, Platform{"linux", "s390x"})
}

// Known returns the members of all for which this Go release can compile, in their order.
func Known(all []Platform) ([]Platform, error) {
	out, err := command.Output("", nil, "go", "tool", "dist", "list")
	if err != nil {
		return nil, err
	}
	list := strings.Fields(string(out))
	return slices.DeleteFunc(slices.Clone(all), func(p Platform) bool {
		return !slices.Contains(list, p.String())
	}), nil
}

// Vet runs `go vet patterns` in dir for each platform, tests included and without cgo, and writes a
// line per platform to out. The error names the platforms that failed. The messages of the go
// command go to out.
func Vet(out io.Writer, dir string, all []Platform, patterns ...string) error {
	var (
		mu     sync.Mutex
		failed []string
		group  errgroup.Group
	)
	group.SetLimit(vetsAtOnce)
	for _, p := range all {
		group.Go(func() error {
			start := time.Now()
			env := []string{"GOOS=" + p.OS, "GOARCH=" + p.Arch, "CGO_ENABLED=0"}
			text, err := command.Combined(dir, env, "go", append([]string{"vet"}, patterns...)...)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, p.String())
				fmt.Fprintf(out, "FAIL\tvet %s\n%s%v\n", p, text, err)
				return nil // vet the other platforms too
			}
			fmt.Fprintf(out, "ok  \tvet %s\t%.1fs\n", p, time.Since(start).Seconds())
			return nil
		})
	}
	_ = group.Wait() // the calls return no error
	if len(failed) > 0 {
		slices.Sort(failed)
		return fmt.Errorf("go vet fails for %s", strings.Join(failed, " "))
	}
	return nil
}
