package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// A terminal gets a progress bar while names are looked up, and no other file does.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	script := apptest.Need(t, "script")
	var release atomic.Bool
	v := serve(t, func(q dnsmessage.Question) ([]dnsmessage.Resource, int) {
		if q.Name.String() == "n2.test." && !release.Load() {
			return nil, silence // a later query gets the reply
		}
		return numbered(q)
	})
	text, want := listOf(3)
	list := write(t, text)
	args := []string{"-server", v.addr, "-t", "A", "-timeout", noTimeout, "-i", list}
	p := program.StartVia(t, []string{"sh", "-c", `exec "$0" -qec "$*" /dev/null`, script}, args...)
	apptest.Until(t, apptest.RunTimeout, "the progress bar", func() bool { return strings.Contains(p.Stdout(), "looking up") })
	release.Store(true)
	r := p.Wait(apptest.RunTimeout)
	require.Equal(t, 0, r.Code, r.Stdout)
	require.Contains(t, r.Stdout, "3 names in ")

	r = look(t, v, 0, args[2:]...)
	require.Equal(t, want, table(r))
	require.NotContains(t, r.Stderr, "looking up")
	require.NotContains(t, r.Stderr, "\r")
}

// An output that cannot be written ends the run.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	v := serve(t, numbered)
	text, _ := listOf(1000)
	p := program.StartVia(t, []string{"sh", "-c", `exec "$@" > /dev/full`, "sh"}, "-server", v.addr, "-t", "A", "-i", write(t, text))
	r := p.Wait(apptest.RunTimeout)
	require.Equal(t, 1, r.Code)
	require.Contains(t, r.Stderr, "lookup: standard output: write /dev/stdout: no space left on device\n")
}
