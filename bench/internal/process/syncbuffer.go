package process

import (
	"bytes"
	"sync"
)

// syncBuffer keeps the output of a process, and can be read while the process runs.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tailMax bounds how much of the output an error quotes.
const tailMax = 1 << 10

// tail returns the end of the output.
func (b *syncBuffer) tail() string {
	text := b.String()
	return text[max(0, len(text)-tailMax):]
}
