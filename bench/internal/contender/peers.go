package contender

import (
	"context"
	"path/filepath"
	"runtime"

	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/server"
)

// peer is a server to compare with.
type peer struct {
	word, name string

	// build makes the command line of the server, in dir if it builds a program, and returns the
	// version of what the server is built on.
	build func(ctx context.Context, dir string) (line []string, version string, err error)

	sink         string
	bulk, report []string
}

func (p peer) contender(ctx context.Context, dir string) (*Contender, error) {
	line, version, err := p.build(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &Contender{Word: p.word, Name: p.name, Version: version, line: line, sink: p.sink, bulk: p.bulk, report: p.report}, nil
}

// peers returns all peers. The first one that is measured is the yardstick.
func peers() []peer {
	const sink = "-sink"
	large := []string{"-bulk"}
	report := []string{"-report", reportEvery.String()}
	return []peer{
		{"c", "C, epoll", compiled("epoll"), sink, nil, nil},
		{"cring", "C, io_uring", compiled("iouring", "liburing"), sink, large, nil},
		{"uv", "C, libuv", compiled("libuv", "libuv"), sink, nil, nil},
		{"mio", "Rust, mio", rust("mio"), sink, nil, nil},
		{"tokio", "Rust, tokio", rust("tokio"), sink, large, nil},
		{"goepoll", "Go, raw epoll", goProgram("epoll", "golang.org/x/sys"), sink, nil, report},
		{"net", "Go, package net", packageNet, "--sink", []string{"--bulk"}, []string{"--report", reportEvery.String()}},
		{"gnet", "gnet", goProgram("gnet", "github.com/panjf2000/gnet/v2"), sink, nil, report},
		{"netpoll", "netpoll", goProgram("netpoll", "github.com/cloudwego/netpoll"), sink, nil, report},
		{"nbio", "nbio", goProgram("nbio", "github.com/lesismal/nbio"), sink, nil, report},
	}
}

// Words returns the words of all peers.
func Words() []string {
	var words []string
	for _, p := range peers() {
		words = append(words, p.word)
	}
	return words
}

// packageNet is the server of this program, in a process of its own.
func packageNet(context.Context, string) ([]string, string, error) {
	line, err := process.Self(server.NetWord)
	return line, runtime.Version(), err
}

// peerPrograms is the directory of the programs of other packages, each in a process without the
// goroutines and the memory of the rest.
const peerPrograms = "github.com/edgewise-go/edgewise/bench/peer/"

// goProgram returns a function that builds a program of peerPrograms on a module.
func goProgram(word, module string) func(context.Context, string) ([]string, string, error) {
	return func(ctx context.Context, dir string) ([]string, string, error) {
		path := filepath.Join(dir, word)
		if err := program.BuildGo(ctx, path, peerPrograms+word); err != nil {
			return nil, "", err
		}
		version, err := moduleVersion(path, module)
		if word == "epoll" {
			version = module + " " + version // the module is not what the server is named after
		}
		return []string{path}, version, err
	}
}
