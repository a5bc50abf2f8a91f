//go:build unix

package main

import (
	"os"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

var program apptest.Program

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h"}, {"serve", "-h"}, {"load", "-h"}} {
		program.CheckHelp(t, args...)
	}
}

func TestMisuseIsOneLine(t *testing.T) {
	t.Parallel()
	taken := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0")
	program.CheckMisuse(t, []apptest.Misuse{
		{Args: nil, Code: 2, Says: "want serve or load"},
		{Args: []string{"sing"}, Code: 2, Says: `"sing"`},
		{Args: []string{"-addr", ":1"}, Code: 2, Says: "before the flags"},
		{Args: []string{"serve", "-x"}, Code: 2, Says: "-x"},
		{Args: []string{"serve", "extra"}, Code: 2, Says: `"extra"`},
		{Args: []string{"serve", "-mode", "x"}, Code: 2, Says: "edge|level|oneshot"},
		{Args: []string{"serve", "-queue", "x"}, Code: 2, Says: "-queue x"},
		{Args: []string{"serve", "-queue", "kqueue"}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"serve", "-queue", "kqueue", "-loops", "2"}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"serve", "-buffer", "x"}, Code: 2, Says: "-buffer x: unknown"},
		{Args: []string{"serve", "-buffer", "kernel"}, Code: 2, Says: "-buffer kernel: unknown"},
		{Args: []string{"serve", "-task", "x"}, Code: 2, Says: "coroutine|handler"},
		{Args: []string{"serve", "-sched", "x"}, Code: 2, Says: "-sched x: unknown"},
		{Args: []string{"serve", "-sched", "stealing", "-loops", "2", "-buffer", "perloop"}, Code: 2, Says: "-buffer chain"},
		{Args: []string{"serve", "-sched", "shared", "-loops", "2", "-buffer", "perloop"}, Code: 2, Says: "-buffer chain"},
		{Args: []string{"serve", "-sched", "shared", "-loops", "1000"}, Code: 2, Says: "at most 256"},
		{Args: []string{"serve", "-sched", "shared", "-queue", "kqueue"}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"serve", "-sched", "stealing", "-queue", "kqueue"}, Code: 2, Says: "-queue kqueue"},
		{Args: []string{"serve", "-sched", "single", "-loops", "2"}, Code: 2, Says: "-sched sharded"},
		{Args: []string{"serve", "-loops", "-1"}, Code: 2, Says: "-loops -1"},
		{Args: []string{"serve", "-loops", "2000"}, Code: 2, Says: "-loops 2000"},
		{Args: []string{"serve", "-loops", "many"}, Code: 2, Says: "many"},
		{Args: []string{"serve", "-grace", "-1s"}, Code: 2, Says: "-grace"},
		{Args: []string{"serve", "-report", "-1s"}, Code: 2, Says: "-report"},
		{Args: []string{"serve", "-addr", "7007"}, Code: 2, Says: "want host:port"},
		{Args: []string{"serve", "-addr", "127.0.0.1:x"}, Code: 2, Says: "port"},
		{Args: []string{"serve", "-addr", "127.0.0.1:65536"}, Code: 2, Says: "65536"},
		{Args: []string{"serve", "-addr", "not..a.name:80"}, Code: 2, Says: "lookup not..a.name: malformed name"},
		{Args: []string{"serve", "-addr", taken.Addr}, Code: 1, Says: "address already in use"},
		{Args: []string{"serve", "-addr", taken.Addr, "-loops", "2"}, Code: 1, Says: "address already in use"},
		{Args: []string{"serve", "-resolve", "pool"}, Code: 2, Says: "-resolve"},
		{Args: []string{"load", "-x"}, Code: 2, Says: "-x"},
		{Args: []string{"load", "extra"}, Code: 2, Says: `"extra"`},
		{Args: []string{"load", "-resolve", "x"}, Code: 2, Says: "-resolve x: unknown"},
		{Args: []string{"load", "-c", "0"}, Code: 2, Says: "-c 0"},
		{Args: []string{"load", "-s", "0"}, Code: 2, Says: "-s 0"},
		{Args: []string{"load", "-p", "0"}, Code: 2, Says: "-p 0"},
		{Args: []string{"load", "-d", "0s"}, Code: 2, Says: "-d 0s"},
	})
}
