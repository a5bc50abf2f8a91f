package bufstrategytest

import "github.com/edgewise-go/edgewise/bufstrategy"

// broken is a good buffer with some of its methods replaced.
type broken struct {
	bufstrategy.Buffer
	fault
}

// fault holds the replacements; nil keeps the method of the good buffer.
type fault struct {
	space    func() [][]byte
	commit   func(n int)
	segments func() [][]byte
	view     func(n int) ([]byte, error)
	discard  func(n int)
	limit    func() int
	paused   func() bool
	trim     func()
	release  func()
	stats    func() bufstrategy.Stats
}

// unbroken returns the good buffer under b, if b is broken.
func unbroken(b bufstrategy.Buffer) bufstrategy.Buffer {
	if b, ok := b.(*broken); ok {
		return b.Buffer
	}
	return b
}

func (b *broken) Space() [][]byte {
	if b.space != nil {
		return b.space()
	}
	return b.Buffer.Space()
}

func (b *broken) Commit(n int) {
	if b.commit != nil {
		b.commit(n)
		return
	}
	b.Buffer.Commit(n)
}

func (b *broken) Segments() [][]byte {
	if b.segments != nil {
		return b.segments()
	}
	return b.Buffer.Segments()
}

func (b *broken) View(n int) ([]byte, error) {
	if b.view != nil {
		return b.view(n)
	}
	return b.Buffer.View(n)
}

func (b *broken) Discard(n int) {
	if b.discard != nil {
		b.discard(n)
		return
	}
	b.Buffer.Discard(n)
}

func (b *broken) Limit() int {
	if b.limit != nil {
		return b.limit()
	}
	return b.Buffer.Limit()
}

func (b *broken) Paused() bool {
	if b.paused != nil {
		return b.paused()
	}
	return b.Buffer.Paused()
}

func (b *broken) Trim() {
	if b.trim != nil {
		b.trim()
		return
	}
	b.Buffer.Trim()
}

func (b *broken) Release() {
	if b.release != nil {
		b.release()
		return
	}
	b.Buffer.Release()
}

func (b *broken) Stats() bufstrategy.Stats {
	if b.stats != nil {
		return b.stats()
	}
	return b.Buffer.Stats()
}

// with is a Chain of small segments, which has every feature, with a fault in each buffer.
func with(fault func(b bufstrategy.Buffer, c Options) fault) Target {
	return withOptions(func(c Options) Options { return c }, fault)
}

// withOptions also changes the options of the good buffer.
func withOptions(change func(Options) Options, faultOf func(b bufstrategy.Buffer, c Options) fault) Target {
	target := pooled(256)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err != nil {
			return nil, err
		}
		good := f.New
		f.New = func(c Options) (bufstrategy.Buffer, error) {
			b, err := good(change(c))
			if err != nil {
				return nil, err
			}
			return &broken{b, faultOf(b, c)}, nil
		}
		return f, nil
	}
	return target
}

// flip damages one unread byte of b, at position i.
func flip(b bufstrategy.Buffer, i int) {
	for _, s := range b.Segments() {
		if i < len(s) {
			s[i] ^= 1
			return
		}
		i -= len(s)
	}
}
