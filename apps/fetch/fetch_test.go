//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
)

var program apptest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestHelp(t *testing.T) { program.CheckHelp(t, "-h") }

func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n# nothing\n  \n"), 0o666))
	const url = "http://127.0.0.1:1/"
	program.CheckMisuse(t, []apptest.Misuse{
		{Args: nil, Code: 2, Says: "no URL given"},
		{Args: []string{"-x", url}, Code: 2, Says: "-x"},
		{Args: []string{"-j", "0", url}, Code: 2, Says: "-j 0"},
		{Args: []string{"-j", "5000", url}, Code: 2, Says: "-j 5000"},
		{Args: []string{"-j", "x", url}, Code: 2, Says: `"x"`},
		{Args: []string{"-timeout", "0s", url}, Code: 2, Says: "-timeout 0s"},
		{Args: []string{"-redirects", "-1", url}, Code: 2, Says: "-redirects -1"},
		{Args: []string{"-mode", "x", url}, Code: 2, Says: "edge|level|oneshot"},
		{Args: []string{"-queue", "x", url}, Code: 2, Says: "-queue x"},
		{Args: []string{"-queue", "kqueue", url}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"-buffer", "ring", url}, Code: 2, Says: "-buffer"},
		{Args: []string{"-resolve", "x", url}, Code: 2, Says: "-resolve x: unknown; want one of adaptive|blocking|evented|pool"},
		{Args: []string{"-sched", "x", url}, Code: 2, Says: "-sched x: unknown"},
		{Args: []string{"-sched", "single", "-loops", "2", url}, Code: 2, Says: "-sched sharded"},
		{Args: []string{"-i", empty, url}, Code: 2, Says: "do not go together"},
		{Args: []string{"-i", empty}, Code: 2, Says: "no URL in it"},
		{Args: []string{"-i", "-"}, Code: 2, Says: "no URL in it"},
		{Args: []string{"-i", filepath.Join(dir, "missing")}, Code: 2, Says: "no such file"},
		{Args: []string{"-i", dir}, Code: 2, Says: "is a directory"},
		{Args: []string{"-o", empty, url}, Code: 2, Says: "-o"},
		{Args: []string{"-cacert", filepath.Join(dir, "missing"), url}, Code: 2, Says: "no such file"},
		{Args: []string{"-cacert", empty, url}, Code: 2, Says: "no certificate in it"},
	})
}
