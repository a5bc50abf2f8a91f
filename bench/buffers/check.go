package buffers

import (
	"runtime"
	"unsafe"

	"github.com/edgewise-go/edgewise/bench/internal/fleet"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bufstrategy"
)

// idleMax is the maximum number of bytes that a Shared of an idle connection takes.
const idleMax = 64

// idleConns is the number of connections that makes everything else on the heap negligible.
const idleConns = 100_000

// Checks returns whether the promises of the strategies about copying and idle connections held, as
// far as rows show it.
func Checks(rows []Row) ([]report.Check, error) {
	var checks []report.Check
	var mirrored uint64
	copied := 0.0
	for _, r := range rows {
		if r.Subject == "chain" && r.Workload == "proxy" {
			checks = append(checks, report.NewCheck("chain hands over from connection to connection without copying", r.Copied == 0,
				"%.0f of %d bytes copied", r.Copied*float64(r.Bytes), r.Bytes))
		}
		// A proxy of any strategy except chain copies from one buffer to the other. That is not the
		// strategy's doing.
		if r.Subject == "mirrored" && r.Workload != "proxy" {
			mirrored += r.Bytes
			copied += r.Copied * float64(r.Bytes)
		}
	}
	if mirrored > 0 {
		why, err := unmapped()
		if err != nil {
			return nil, err
		}
		c := report.NewCheck("mirrored never copies", copied == 0, "%.0f of %d bytes copied", copied, mirrored)
		if why != nil {
			c.Verdict, c.Found = report.NotApplicable, why.Error()
		}
		checks = append(checks, c)
	}
	c, err := idleShared(idleConns)
	return append(checks, c), err
}

// unmapped returns why a Mirrored is a Ring on this system, or nil if it is not.
func unmapped() (why, err error) {
	m, err := bufstrategy.NewMirrored(bufstrategy.Options{})
	if err != nil {
		return nil, err
	}
	defer m.Release()
	m.Space()
	return m.Fallback(), nil
}

// idleShared measures what a Shared takes on the heap after it has had a message.
func idleShared(conns int) (report.Check, error) {
	w := workload{limit: 4 << 10, framing: frames}
	t := record(frames, 1<<10, 64, 64, newRand(1))
	f, err := openFleet("perloop", w)
	if err != nil {
		return report.Check{}, err
	}
	src := source{tape: t.bytes}
	sink := consumer{framing: frames, tape: t.bytes, whole: true}
	list := make([]bufstrategy.Buffer, conns)
	before := memory.HeapLive()
	for i := range list {
		if list[i], err = f.New(fleet.Input); err != nil {
			return report.Check{}, err
		}
	}
	for _, b := range list {
		c := strategyConn{in: b}
		src.ready = t.starts[1]
		src.at, sink.at = 0, 0
		if err := c.turn(&src, &sink); err != nil {
			return report.Check{}, err
		}
	}
	after := memory.HeapLive()
	runtime.KeepAlive(list)
	each := (float64(after) - float64(before)) / float64(conns)
	size := unsafe.Sizeof(bufstrategy.PerLoop{})
	// The little else that a loop holds is spread over its connections.
	return report.NewCheck("perloop takes at most 64 bytes per idle connection", size <= idleMax && each < idleMax+1 && sink.check() == nil,
		"an object of %d bytes; the heap has grown by %.1f bytes for each of %d connections that had a message", size, each, conns), nil
}
