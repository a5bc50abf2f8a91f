package iouring

import (
	"encoding/binary"
	"math"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/internal/table"
	"github.com/edgewise-go/edgewise/sys"
)

// operations is the first token of the operations of FuzzTake.
const operations = 100

// FuzzTake takes completions with arbitrary contents, as a faulty kernel might post them: 8 bytes
// of user data, 4 of result, 4 of flags each. No event may belong to a registration other than the
// one it names, nor to a direction outside the interest.
func FuzzTake(f *testing.F) {
	for _, data := range []uint64{0, 3, 1 << 32, cancelData, wakeData(0), wakeData(7), operationMark | 1<<32, operationMark | 2<<32 | 1, operationMark | cancelOpMark | 1<<32, operationMark | 1<<32 | 2, math.MaxUint32, math.MaxUint64, math.MaxInt32} {
		for _, result := range []int32{0, 1, -1, -int32(syscall.ECANCELED), -int32(syscall.EBADF), math.MaxInt32, math.MinInt32} {
			for _, flags := range []uint32{0, sys.IoUringMore, math.MaxUint32} {
				f.Add(append16(nil, data, result, flags))
			}
		}
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		q := opened(t, Options{}, 8, 16)
		if q == nil {
			return
		}
		script = script[:min(len(script), 16*64)]
		var registered [4]queue.Registration
		for i := range registered {
			h, _ := pair(t)
			registered[i] = queue.Registration{Token: queue.Token(i), Interest: queue.Interest(i % 4), Mode: queue.Mode(i % 3)}
			must(t, q.Add(h, registered[i]))
			// Make short scripts reach the slots.
			script = append16(script[:len(script)/16*16], table.Data(h, uint32(i&1)), int32(len(script))-20, uint32(i))
		}
		if q.Features().Completions {
			h, _ := pair(t)
			buffers, err := q.NewBuffers(2, 16)
			must(t, err)
			for i, op := range []queue.Op{
				{Kind: queue.OpRecv, Buffers: buffers, Multi: true}, {Kind: queue.OpPoll, Interest: queue.Writable}, {Kind: queue.OpRecv, Data: make([]byte, 8)},
			} {
				op.Token, op.Handle = queue.Token(operations+i), h
				submit(t, q, op)
				script = append16(script, operationMark|1<<32|uint64(i), int32(len(script))-20, uint32(i))
			}
		}
		q.Mu.Lock()
		defer q.Mu.Unlock()
		for i := range q.flight.Slots() {
			_, s := q.flight.At(i)
			s.Extra.state |= entered // without the kernel, which would complete them too
			q.inside++
		}
		defer func() { q.inside, q.backlog = 0, nil }()
		events := make([]queue.Event, 8)
		n := 0
		for ; len(script) >= 16; script = script[16:] {
			var err error
			n, err = q.take(events, n, sys.IoUringCQE{
				UserData: binary.LittleEndian.Uint64(script), Result: int32(binary.LittleEndian.Uint32(script[8:])), Flags: binary.LittleEndian.Uint32(script[12:]),
			})
			if err == syscall.EBUSY {
				return // so many cancellations require that completions are taken first
			}
			must(t, err)
			if n == len(events) {
				n = 0 // as if a Wait had returned
			}
			for _, e := range events[:n] {
				if e.Completion != 0 {
					if e.Token < operations || e.Ready != 0 || e.Completion&queue.Completed == 0 {
						t.Fatalf("completion %+v belongs to no operation", e)
					}
					continue
				}
				if e.Token >= queue.Token(len(registered)) {
					t.Fatalf("event %+v has the token of no registration", e)
				}
				r := registered[e.Token]
				if d := e.Ready.Directions(); d == queue.None || d&^r.Interest != 0 || e.Disarmed != queue.None && r.Mode != queue.OneShot {
					t.Fatalf("got event %+v for registration %+v", e, r)
				}
			}
		}
	})
}

func append16(to []byte, data uint64, result int32, flags uint32) []byte {
	to = binary.LittleEndian.AppendUint64(to, data)
	to = binary.LittleEndian.AppendUint32(to, uint32(result))
	return binary.LittleEndian.AppendUint32(to, flags)
}
