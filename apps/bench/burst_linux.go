package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/apps/bench/buffers"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// burstSockets is the default of -sockets: the usual limit of descriptors per process is 20,000.
const burstSockets = 18_000

// burstPatience bounds the wait for the bytes of one connection.
const burstPatience = time.Minute

// burstServer has connections to another process, which sends bursts on command.
type burstServer struct {
	conns []*stream.Conn
	cmd   *exec.Cmd
	tell  io.WriteCloser
}

// openBurstSockets starts the other process and accepts its connections. The second result ends
// both.
func openBurstSockets(ctx context.Context, b buffers.Burst) (buffers.Sources, func() error, error) {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	s := &burstServer{}
	if err := s.start(ctx, listener.Addr().String(), b); err != nil {
		return nil, nil, err
	}
	for range b.Conns {
		err := listener.SetDeadline(time.Now().Add(burstPatience))
		var c *stream.Conn
		if err == nil {
			c, err = listener.AcceptOn(park.Waiter{})
		}
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("after %d connections: %w", len(s.conns), err), s.close())
		}
		s.conns = append(s.conns, c)
	}
	return s, s.close, nil
}

func (s *burstServer) start(ctx context.Context, addr string, b buffers.Burst) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.CommandContext(ctx, self, "burstload", "-addr", addr, "-c", strconv.Itoa(b.Conns), "-bytes", strconv.Itoa(b.Bytes),
		"-seed", strconv.FormatUint(b.Seed, 10))
	s.cmd.Stderr = os.Stderr
	if s.tell, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	return s.cmd.Start()
}

// close ends the other process first, so that its side keeps the ports in TIME_WAIT.
func (s *burstServer) close() error {
	errs := []error{s.tell.Close(), s.cmd.Wait()}
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Arrive makes the other process send a burst on each of these connections. It does not wait for
// the sends, because the kernel cannot buffer all of them.
func (s *burstServer) Arrive(first, end int) error {
	_, err := fmt.Fprintf(s.tell, "%d %d\n", first, end)
	return err
}

// Source returns the connection.
func (s *burstServer) Source(i int) bufstrategy.TryReader { return s.conns[i] }

// Wait waits until more has arrived on the connection.
func (s *burstServer) Wait(i int) error {
	if err := s.conns[i].SetReadDeadline(time.Now().Add(burstPatience)); err != nil {
		return err
	}
	return s.conns[i].WaitRead()
}

// burstLoad connects one by one, so that the connections are in the order of their acceptance. It
// then sends a burst on the connections that each line of its input names. It ends with its input.
func burstLoad(args []string) error {
	fs := flag.NewFlagSet("bench burstload", flag.ContinueOnError)
	addr := fs.String("addr", "", "address of the server")
	n := fs.Int("c", 0, "connections")
	size := fs.Int("bytes", 0, "bytes of a burst")
	seed := fs.Uint64("seed", 0, "seed of the bytes")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	burst := buffers.BurstBytes(*seed, *size)
	conns := make([]net.Conn, *n)
	for i := range conns {
		dialer := net.Dialer{Timeout: dialPatience}
		var err error
		if conns[i], err = dialer.Dial("tcp", *addr); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	for {
		var first, end int
		if _, err := fmt.Scanln(&first, &end); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := sendBursts(conns[first:end], burst); err != nil {
			return err
		}
	}
}

// sendBursts writes to all connections at the same time, because the reader may begin with any of
// them.
func sendBursts(conns []net.Conn, burst []byte) error {
	var group sync.WaitGroup
	errs := make([]error, len(conns))
	for i, c := range conns {
		group.Go(func() { _, errs[i] = c.Write(burst) })
	}
	group.Wait()
	return errors.Join(errs...)
}
