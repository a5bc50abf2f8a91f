package burst

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// loadWord is the word of the role.
const loadWord = "burst-load"

// dialPatience bounds the time to make one connection.
const dialPatience = 30 * time.Second

// patience bounds the wait for the bytes of one connection.
const patience = time.Minute

// peers has connections to another process, which sends bursts on command.
type peers struct {
	conns []*stream.Conn
	cmd   *exec.Cmd
	in    io.WriteCloser
}

// openSockets starts the other process and accepts its connections. The second result ends
// both.
func openSockets(ctx context.Context, b measurement) (sources, func() error, error) {
	listener, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	s := &peers{}
	if err := s.start(ctx, listener.Addr().String(), b); err != nil {
		return nil, nil, err
	}
	for range b.conns {
		err := listener.SetDeadline(time.Now().Add(patience))
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

func (s *peers) start(ctx context.Context, addr string, b measurement) error {
	line, err := process.Self(loadWord, "--addr", addr, "--connections", strconv.Itoa(b.conns), "--bytes", strconv.Itoa(b.bytes),
		"--seed", strconv.FormatUint(b.seed, 10))
	if err != nil {
		return err
	}
	s.cmd = exec.CommandContext(ctx, line[0], line[1:]...)
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	return s.cmd.Start()
}

// close ends the other process first, so that its side keeps the ports in TIME_WAIT.
func (s *peers) close() error {
	errs := []error{s.in.Close(), s.cmd.Wait()}
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Arrive makes the other process send a burst on each of these connections. It does not wait for
// the sends, because the kernel cannot buffer all of them.
func (s *peers) Arrive(first, end int) error {
	_, err := fmt.Fprintf(s.in, "%d %d\n", first, end)
	return err
}

// Source returns the connection.
func (s *peers) Source(i int) bufstrategy.TryReader { return s.conns[i] }

// Wait waits until more has arrived on the connection.
func (s *peers) Wait(i int) error {
	if err := s.conns[i].SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	return s.conns[i].WaitRead()
}

// load is the flags of the role.
type load struct {
	addr         string
	conns, bytes int
	seed         uint64
}

// Load returns the role of the peers that send bursts.
func Load() *cobra.Command {
	l := &load{}
	cmd := cli.Role(loadWord, "Peers that send bursts, for burst; each line of the input names a range of them", l.run)
	f := cmd.Flags()
	f.StringVar(&l.addr, "addr", "", "address of the server")
	f.IntVarP(&l.conns, "connections", "c", 0, "connections")
	f.IntVar(&l.bytes, "bytes", 0, "bytes of a burst")
	f.Uint64Var(&l.seed, "seed", 0, "seed of the bytes")
	return cmd
}

// run connects one by one, so that the connections are in the order of their acceptance. It then
// sends a burst on the connections that each line of its input names. It ends with its input.
func (l *load) run(io.Writer) error {
	burst := payload(l.seed, l.bytes)
	conns := make([]net.Conn, l.conns)
	for i := range conns {
		dialer := net.Dialer{Timeout: dialPatience}
		var err error
		if conns[i], err = dialer.Dial("tcp", l.addr); err != nil {
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
	var group errgroup.Group
	for _, c := range conns {
		group.Go(func() error {
			_, err := c.Write(burst)
			return err
		})
	}
	return group.Wait()
}
