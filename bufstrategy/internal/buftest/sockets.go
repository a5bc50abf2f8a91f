package buftest

// Answers is a socket that always returns the same.
type Answers struct {
	N   int
	Err error
}

func (a Answers) TryReadv([][]byte) (int, error)  { return a.N, a.Err }
func (a Answers) TryWritev([][]byte) (int, error) { return a.N, a.Err }

// blocked is the error of a socket that would block.
type blocked struct{}

func (blocked) Error() string    { return "would block" }
func (blocked) WouldBlock() bool { return true }

// ErrBlocked is allocated once, so that returning it allocates nothing.
var ErrBlocked error = blocked{}

// Endless is a socket that alternates between N bytes and would-block, and accepts as many bytes in
// the same way.
type Endless struct{ N, left int }

func (e *Endless) TryReadv(segs [][]byte) (int, error)  { return e.move(segs) }
func (e *Endless) TryWritev(segs [][]byte) (int, error) { return e.move(segs) }

func (e *Endless) move(segs [][]byte) (int, error) {
	if e.left == 0 {
		e.left = e.N
		return -1, ErrBlocked
	}
	n := 0
	for _, s := range segs {
		n += min(len(s), e.left-n)
	}
	e.left -= n
	return n, nil
}
