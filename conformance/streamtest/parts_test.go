package streamtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
)

// partMax is the most that may be sent between two turns of another task.
const partMax = 4 << 20

// fileBytes returns how many bytes are sent, to a peer that reads as fast as it can. Its reads take
// long under the race detector.
func fileBytes() int64 {
	if suite.Full() {
		return 16 * partMax
	}
	return 4 * partMax
}

// A task that sends a file lets the other tasks of its loop run, with or without a budget. It does
// so whether the kernel or a buffer sends the bytes.
func TestAFileThatIsSentStarvesNobody(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(fileBytes()); err != nil { // sparse, so it takes no room
		t.Fatal(err)
	}
	for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
		for _, budget := range []time.Duration{0, time.Nanosecond} {
			for _, p := range placings()[:2] { // see TestAReaderThatNeverWaitsStarvesNobody
				t.Run(fmt.Sprintf("%v/%s/%v", mode, p.name, budget), func(t *testing.T) {
					s, err := p.make(func() (queue.Queue, error) { return auto.ByName("auto") }, sched.Options{Mode: mode, TurnBudget: budget})
					if err != nil {
						t.Fatal(err)
					}
					ended := make(chan error, 1)
					go func() { ended <- s.Run(context.Background()) }()
					sendBesideTurns(t, s.Loops()[0], f)
					s.Drain()
					if err := <-ended; err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

func sendBesideTurns(t *testing.T, l *sched.Loop, f *os.File) {
	conn, peer := connected(t, l.Waiter())
	defer conn.Close()
	go io.Copy(io.Discard, struct{ net.Conn }{peer})
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	sent := false
	var last, most int64
	turn := func() {
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			t.Error(err)
		}
		most, last = max(most, at-last), at
	}
	err := l.Call(t.Context(), "sends", func(task *sched.Task) error {
		err := task.Go(t.Context(), "takes its turns", func(task *sched.Task) error {
			for !sent {
				turn()
				if err := task.Yield(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		defer func() { sent = true }()
		n, err := conn.ReadFrom(f)
		turn()
		if n != fileBytes() && err == nil {
			err = fmt.Errorf("%d bytes were sent, want %d", n, fileBytes())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if most > partMax {
		t.Errorf("%d bytes were sent between two turns of another task, want at most %d", most, partMax)
	}
}
