package echo

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/server"
)

//go:embed yardstick
var yardsticks embed.FS

// peer is a server to compare with.
type peer struct {
	word string // in --peers
	name string

	// command makes the command line of the server. It may build a program in dir.
	command func(ctx context.Context, dir string) ([]string, error)
}

// peerPrograms is the directory of the programs of other packages, each in a process without the
// goroutines and the memory of the rest.
const peerPrograms = "github.com/edgewise-go/edgewise/bench/peer/"

// peers returns all peers. The first one that is measured is the yardstick.
func peers() []peer {
	all := []peer{
		{"c", "C, epoll", compile("epoll")},
		{"cring", "C, io_uring", compile("iouring", "-luring")},
		{"net", "Go, package net", func(context.Context, string) ([]string, error) { return process.Self(server.NetWord) }},
	}
	for _, word := range []string{"gnet", "netpoll", "nbio"} {
		all = append(all, peer{word, word, func(ctx context.Context, dir string) ([]string, error) {
			path := filepath.Join(dir, word)
			return []string{path}, program.BuildGo(ctx, path, peerPrograms+word)
		}})
	}
	return all
}

func peerNames() []string {
	var names []string
	for _, p := range peers() {
		names = append(names, p.word)
	}
	return names
}

// compile returns a function that builds a server in C, with the given libraries.
func compile(name string, libraries ...string) func(ctx context.Context, dir string) ([]string, error) {
	return func(ctx context.Context, dir string) ([]string, error) {
		cc, err := exec.LookPath("cc")
		if err != nil {
			return nil, err
		}
		text, err := yardsticks.ReadFile("yardstick/" + name + ".c")
		if err != nil {
			return nil, err
		}
		source, path := filepath.Join(dir, name+".c"), filepath.Join(dir, name)
		if err := os.WriteFile(source, text, 0o666); err != nil {
			return nil, err
		}
		return []string{path}, program.Build(ctx, path, cc, append([]string{"-O2", "-Wall", "-o", path, source}, libraries...)...)
	}
}

// buildPeers builds the peers that words name. It prints those that cannot be built. The second
// result removes what was built.
func buildPeers(ctx context.Context, out io.Writer, words []string) (all []*contender, remove func(), err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range peers() {
		if !slices.Contains(words, p.word) {
			continue
		}
		command, err := p.command(ctx, dir)
		if err != nil {
			fmt.Fprintf(out, "skipped %s: %v\n", p.name, err)
			continue
		}
		all = append(all, &contender{name: p.name, command: command})
	}
	return all, func() { os.RemoveAll(dir) }, nil
}
