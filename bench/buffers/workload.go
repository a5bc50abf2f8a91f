package buffers

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// workload describes what arrives, how it is cut, and on how many connections.
type workload struct {
	name string
	text string
	framing
	least, most int // bytes of a message
	tape        int // minimum bytes of the tape
	conns       int
	limit       int  // of a buffer
	lumps       bool // arrivals have many KiB
	script      func(w workload, t tape, r *rand.Rand) []step
}

// segment returns the segment size for strategies with segments: a message fits in it.
func (w workload) segment() int {
	n := 16 << 10 // the default of bufstrategy.Options.Segment
	for w.framing == records && n < w.most {
		n *= 2
	}
	return min(n, w.limit)
}

// step is one arrival.
type step struct {
	conn  int32
	start int32 // start in the tape, at a message; negative continues after the last arrival
	bytes int32
	idle  bool // nothing more comes for a long time: the loop trims the buffer
}

// steps is the number of arrivals in a script, which repeats.
const steps = 4096

// Workloads returns the names of the workloads.
func Workloads() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

func workloads() []workload {
	return []workload{
		{name: "tiny", text: "messages of 1 B, in arrivals of 1 to 64", framing: single, least: 1, most: 1, tape: 64 << 10, conns: 16, limit: 64 << 10,
			script: busy(1, 64, 1)},
		{name: "requests", text: "messages of 64 B to 1 KiB, in arrivals of 64 B to 4 KiB that end anywhere", framing: frames, least: 64, most: 1 << 10, tape: 1 << 20,
			conns: 16, limit: 64 << 10, script: busy(64, 4<<10, 1)},
		{name: "records", text: "TLS records of 16 KiB, in arrivals of 1 to 45 packets", framing: records, least: recordSize + 5, most: recordSize + 5, tape: 1 << 20,
			conns: 16, lumps: true, limit: 64 << 10, script: busy(1, 45, 1448)},
		{name: "bulk", text: "transfers of 1 MiB, taken in segments", framing: bulk, least: bulkSize, most: bulkSize, tape: bulkSize, conns: 4, lumps: true, limit: 256 << 10,
			script: busy(bulkSize, bulkSize, 1)},
		{name: "bursts", text: "256 KiB of messages of 64 B to 1 KiB at once, then a long silence", framing: frames, least: 64, most: 1 << 10, tape: 256 << 10,
			conns: 16, lumps: true, limit: 64 << 10, script: bursts},
		{name: "idle", text: "100,000 connections; 1,000 of them send some messages of 64 B to 1 KiB each, then the next 1,000", framing: frames, least: 64, most: 1 << 10,
			tape: 1 << 20, conns: 100_000, limit: 4 << 10, script: visits},
		{name: "proxy", text: "bytes from one connection to another, each with a buffer, in arrivals of 4 to 64 KiB", framing: through, least: 1, most: 1, tape: 1 << 20,
			conns: 16, lumps: true, limit: 64 << 10, script: busy(1, 16, 4<<10)},
	}
}

// some returns the workloads of these names. It limits those of many connections to conns.
func some(names []string, conns int) ([]workload, error) {
	all := workloads()
	for _, name := range names {
		if !slices.Contains(Workloads(), name) {
			return nil, fmt.Errorf("workload %q: want some of %v", name, Workloads())
		}
	}
	all = slices.DeleteFunc(all, func(w workload) bool { return !slices.Contains(names, w.name) })
	for i := range all {
		all[i].conns = min(all[i].conns, conns)
	}
	return all, nil
}

// busy makes arrivals for random connections, of least to most times unit bytes.
func busy(least, most, unit int) func(workload, tape, *rand.Rand) []step {
	return func(w workload, _ tape, r *rand.Rand) []step {
		script := make([]step, steps)
		for i := range script {
			script[i] = step{conn: int32(r.IntN(w.conns)), start: -1, bytes: int32(unit * (least + r.IntN(most-least+1)))}
		}
		return script
	}
}

// bursts makes arrivals of the whole tape.
func bursts(w workload, t tape, r *rand.Rand) []step {
	script := make([]step, 8*w.conns)
	for i := range script {
		script[i] = step{conn: int32(r.IntN(w.conns)), start: 0, bytes: int32(len(t.bytes)), idle: true}
	}
	return script
}

// activeShare is the divisor: one in activeShare connections is active at once.
const activeShare = 100

// visits makes a few connections active at once, each for eight messages in four arrivals that end
// anywhere. The arrivals of the active connections alternate. At the end every connection has been
// active once.
func visits(w workload, t tape, r *rand.Rand) []step {
	const messages, arrivals = 8, 4
	order := r.Perm(w.conns)
	var script []step
	for group := range slices.Chunk(order, max(1, w.conns/activeShare)) {
		left := make([]int, len(group))
		for i, conn := range group {
			first := r.IntN(len(t.starts) - messages)
			start, end := t.starts[first], t.starts[first+messages]
			n := 1 + r.IntN((end-start)/arrivals)
			script = append(script, step{conn: int32(conn), start: int32(start), bytes: int32(n)})
			left[i] = end - start - n
		}
		for a := 1; a < arrivals; a++ {
			for i, conn := range group {
				n := left[i]
				if last := a == arrivals-1; !last {
					n = 1 + r.IntN(left[i]/(arrivals-a))
				}
				script = append(script, step{conn: int32(conn), start: -1, bytes: int32(n), idle: a == arrivals-1})
				left[i] -= n
			}
		}
	}
	return script
}
