package edgewise

import (
	"strconv"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
	"github.com/edgewise-go/edgewise/sched"
)

// Sizes of buffers. Bulk transfers are fastest with tens of kilobytes.
const (
	defaultBufferLimit = 64 << 10
	scratchBytes       = 64 << 10
	poolBytesKept      = 4 << 20
)

// bufferOptions are what the buffers of a loop share.
type bufferOptions = bufstrategy.Options

func (s *Stack) openBuffers() error {
	s.buffers = map[*sched.Loop]bufferOptions{}
	for _, l := range s.scheduler.Loops() {
		pool, err := memory.NewPool(s.options.BufferMemory, min(poolBytesKept, s.options.BufferMemory))
		if err != nil {
			return &OptionError{Option: "BufferMemory", Value: strconv.Itoa(s.options.BufferMemory), Err: err}
		}
		scratch, err := bufstrategy.NewScratch(scratchBytes, pool)
		if err != nil {
			return &OptionError{Option: "BufferMemory", Value: strconv.Itoa(s.options.BufferMemory), Err: err}
		}
		o := bufferOptions{Limit: s.options.BufferLimit, Pool: pool, Scratch: scratch}
		if !s.options.concurrent() {
			o.Predictor = &bufstrategy.Predictor{}
		}
		b, err := bufstrategy.ByName(s.options.Buffer, o)
		if err != nil {
			return &OptionError{Option: "Buffer", Value: s.options.Buffer, Err: err}
		}
		b.Release()
		s.buffers[l] = o
	}
	return nil
}
