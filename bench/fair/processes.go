package fair

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

// Words of the roles.
const (
	pingWord  = "fair-ping"
	floodWord = "fair-flood"
)

const (
	pingBytes = 64
	// floodBytes is the size of a write of the fast peer.
	floodBytes = 64 << 10
)

// load is the flags of both roles.
type load struct {
	addr     string
	duration time.Duration
	pingers  int
	every    time.Duration
}

// Ping returns the role of the peers with small messages.
func Ping() *cobra.Command {
	l := &load{}
	cmd := cli.Role(pingWord, "Peers of package net that send small messages, for fair", l.ping)
	cmd.Flags().StringVar(&l.addr, "addr", "", "address of the server")
	cmd.Flags().IntVarP(&l.pingers, "connections", "c", 1, "peers")
	cmd.Flags().DurationVarP(&l.duration, "duration", "d", time.Second, "how long to send")
	cmd.Flags().DurationVar(&l.every, "every", 20*time.Millisecond, "time between two messages of a peer")
	cli.Positive(cmd, "connections", "duration", "every")
	return cmd
}

// Flood returns the role of the fast peer.
func Flood() *cobra.Command {
	l := &load{}
	cmd := cli.Role(floodWord, "Peer of package net at full speed, for fair; prints how many bytes came back", l.flood)
	cmd.Flags().StringVar(&l.addr, "addr", "", "address of the server")
	cmd.Flags().DurationVarP(&l.duration, "duration", "d", time.Second, "how long to send")
	return cmd
}

// ping sends from all peers and prints the latency as a turn.
func (l *load) ping(out io.Writer) error {
	conns := make([]net.Conn, l.pingers)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", l.addr); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	var mu sync.Mutex // guards times
	var times []time.Duration
	end := time.Now().Add(l.duration)
	var group errgroup.Group
	for i, conn := range conns {
		group.Go(func() error {
			took, err := exchange(conn, l.every, l.every*time.Duration(i)/time.Duration(l.pingers), end)
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took...)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	p50, p99 := stats.P50P99(times)
	return json.NewEncoder(out).Encode(turn{P50: p50, P99: p99, Pings: len(times)})
}

// exchange sends at least one message, one after the other, and returns how long each took to come
// back.
func exchange(conn net.Conn, every, first time.Duration, end time.Time) (times []time.Duration, err error) {
	message := make([]byte, pingBytes)
	time.Sleep(first)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		began := time.Now()
		if _, err := conn.Write(message); err != nil {
			return times, err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return times, err
		}
		times = append(times, time.Since(began))
		if <-tick.C; !time.Now().Before(end) {
			return times, nil
		}
	}
}

// flood writes and reads until the end, and prints how much came back.
func (l *load) flood(out io.Writer) error {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(l.duration)); err != nil {
		return err
	}
	got := int64(0)
	var writing sync.WaitGroup
	writing.Go(func() {
		for message := make([]byte, floodBytes); ; {
			if _, err := conn.Write(message); err != nil {
				return
			}
		}
	})
	for message := make([]byte, floodBytes); ; {
		n, err := conn.Read(message)
		got += int64(n)
		if err != nil {
			break
		}
	}
	writing.Wait()
	_, err = fmt.Fprintln(out, got)
	return err
}
