package buffers

import (
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"unsafe"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// Check is a condition that must hold.
type Check struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"` // PASS, FAIL, or N/A if the system lacks the prerequisites
	Found   string `json:"found"`
}

const (
	pass         = "PASS"
	fail         = "FAIL"
	inapplicable = "N/A"
)

func verdict(holds bool) string {
	if holds {
		return pass
	}
	return fail
}

// ReportChecks prints a line per check and reports whether none has failed.
func ReportChecks(out io.Writer, checks []Check) bool {
	good := true
	for _, c := range checks {
		fmt.Fprintf(out, "%-4s  %s: %s\n", c.Verdict, c.Name, c.Found)
		good = good && c.Verdict != fail
	}
	return good
}

// idleMax is the maximum number of bytes that a Shared of an idle connection takes.
const idleMax = 64

// idleConns is the number of connections that makes everything else on the heap negligible.
const idleConns = 100_000

// Checks returns whether the promises of the strategies about copying and idle connections held, as
// far as rows show it.
func Checks(rows []Row) ([]Check, error) {
	var checks []Check
	var mirrored uint64
	copied := 0.0
	for _, r := range rows {
		if r.Subject == "chain" && r.Workload == "proxy" {
			checks = append(checks, Check{"chain hands over from connection to connection without copying", verdict(r.Copied == 0),
				fmt.Sprintf("%.0f of %d bytes copied", r.Copied*float64(r.Bytes), r.Bytes)})
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
		c := Check{"mirrored never copies", verdict(copied == 0), fmt.Sprintf("%.0f of %d bytes copied", copied, mirrored)}
		if why != nil {
			c.Verdict, c.Found = inapplicable, why.Error()
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
func idleShared(conns int) (Check, error) {
	w := workload{limit: 4 << 10, framing: frames}
	t := record(frames, 1<<10, 64, 64, newRand(1))
	f, err := strategySubject("perloop").open(w)
	if err != nil {
		return Check{}, err
	}
	shared := f.(*strategyFleet)
	src := source{tape: t.bytes}
	sink := consumer{framing: frames, tape: t.bytes, whole: true}
	list := make([]bufstrategy.Buffer, conns)
	before := heapLive()
	for i := range list {
		if list[i], err = shared.make(shared.scratch[0]); err != nil {
			return Check{}, err
		}
	}
	for _, b := range list {
		c := strategyConn{in: b}
		src.ready = t.starts[1]
		src.at, sink.at = 0, 0
		if err := c.turn(&src, &sink); err != nil {
			return Check{}, err
		}
	}
	after := heapLive()
	runtime.KeepAlive(list)
	each := (float64(after) - float64(before)) / float64(conns)
	size := unsafe.Sizeof(bufstrategy.PerLoop{})
	// The little else that a loop holds is spread over its connections.
	return Check{"perloop takes at most 64 bytes per idle connection", verdict(size <= idleMax && each < idleMax+1 && sink.check() == nil),
		fmt.Sprintf("an object of %d bytes; the heap has grown by %.1f bytes for each of %d connections that had a message", size, each, conns)}, nil
}

// heapLive returns the bytes of live objects on Go's heap.
func heapLive() uint64 {
	runtime.GC()
	runtime.GC() // the second collection drops what a pool of the runtime keeps
	return heapUsed()
}

// heapUsed returns the bytes in use on Go's heap, live or not yet swept.
func heapUsed() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
