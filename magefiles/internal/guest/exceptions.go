package guest

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
	"github.com/edgewise-go/edgewise/magefiles/internal/platform"
	"github.com/edgewise-go/edgewise/magefiles/internal/workspace"
)

// Reasons for exceptions. Those about Wine were observed with 8.0.
const (
	provesTheSuite = "it runs the cases against broken implementations: that tests the cases, which are the same everywhere"
	noIoUring      = "they open io_uring, which user emulation answers with ENOSYS"
	noFilter       = "it filters system calls, which user emulation does not support, in a process that runs the same program without QEMU"
	wineDeletes    = "Wine lacks the call with which Go removes the files of a temporary directory: Invalid function"
)

const (
	windows = "windows/amd64"
	wine8   = windows + " (Wine)"
	i386    = "linux/386"
	arm64   = "linux/arm64 (qemu-user)"
	s390x   = "linux/s390x (qemu-user)"
)

// Tests that are omitted on several platform.
const (
	needIoUring = "^(TestOpenByNameAndByForce|TestWithoutDescriptorsTheMechanismIsUnavailable)$"
	needFilter  = "^TestIoUringDenied$"
)

// exceptions lists every test that is omitted on some platform, with the reason.
var exceptions = []platform.Exception{
	{Where: windows, Package: "conformance/streamtest", Tests: Proofs, Reason: provesTheSuite},
	{Where: windows, Package: "conformance/streamtest", Tests: "^TestTLSOfTwoTasksNeedsTheWrapper$", Reason: "it makes a pair of Unix-domain sockets"},
	{Where: windows, Package: "conformance/streamtest", Tests: "^TestAFileThatIsSentStarvesNobody$", Reason: "the kernel does not send the file there"},
	{Where: windows, Package: "conformance/bufstrategytest", Tests: "^TestTheRestInBulk$", Reason: "Wine's server takes minutes for so many small reads"},
	{Where: windows, Package: "apps/...", Reason: "their tests use servers and limits that Windows lacks or names differently"},
	{Where: windows, Package: "bench/...", Reason: "its measures pin processes and read /proc"},
	{Where: wine8, Package: "conformance/resolvetest", Reason: wineDeletes + "; and package net cannot listen for datagrams: 10045"},
	{Where: wine8, Package: "conformance/internal/suite", Tests: "^(TestProve|TestDetectionsAreWhatTheCasesReport)$", Reason: wineDeletes},
	{Where: wine8, Package: "resolve", Tests: "^(TestTryDoesNotAllocate|TestHosts.*)$", Reason: wineDeletes},
	{Where: wine8, Package: "resolve/sysconfig", Tests: "^(TestRead.*|TestWatcher.*|TestNewWatcher|TestCurrentDoesNotAllocate)$", Reason: wineDeletes},
	{Where: wine8, Package: "resolve/evented", Reason: "package net cannot open UDP sockets: 10045; the tests of the root package use those of stream"},

	{Where: i386, Package: "conformance/queuetest", Tests: Proofs, Reason: provesTheSuite},
	{Where: arm64, Package: "queue/auto", Tests: needIoUring, Reason: noIoUring},
	{Where: arm64, Package: "queue/auto", Tests: needFilter, Reason: noFilter},
	{Where: arm64, Package: "conformance/queuetest", Tests: Proofs, Reason: provesTheSuite},
	{Where: s390x, Package: "queue/auto", Tests: needIoUring, Reason: noIoUring},
	{Where: s390x, Package: "sys", Tests: "^TestZonesAreNamesOfInterfaces$", Reason: "package net cannot list interfaces: QEMU passes netlink messages in the byte order of this machine"},
	{Where: s390x, Package: "sys", Tests: "^(TestTrafficClasses.*|TestOneCallSendsAndReceivesManyDatagrams)$", Reason: "QEMU passes these control messages in the byte order of this machine"},
	{Where: s390x, Package: "queue/auto", Tests: needFilter, Reason: noFilter},
	{Where: s390x, Package: "conformance/queuetest", Tests: Proofs, Reason: provesTheSuite},
}

// Packages returns the packages of the whole workspace that the go command tests on p itself. It
// omits each package that an exception excludes as a whole, and names it on out.
func Packages(out io.Writer, w *workspace.Workspace, p platform.Platform) ([]string, error) {
	text, err := command.Output(w.Root, nil, "go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}", "work")
	if err != nil {
		return nil, err
	}
	var packages []string
	for line := range strings.Lines(string(text)) {
		path, dir, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		dir, err := filepath.Rel(w.Root, dir)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(exceptions, func(e platform.Exception) bool {
			return e.Tests == "" && e.Matches(p.String(), filepath.ToSlash(dir))
		})
		if i >= 0 {
			fmt.Fprintf(out, "left\t%s\t%s\n", path, exceptions[i].Reason)
			continue
		}
		packages = append(packages, path)
	}
	return packages, nil
}
