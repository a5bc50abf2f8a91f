package bufstrategy

// answers is a socket that always returns the same.
type answers struct {
	n   int
	err error
}

func (a answers) TryReadv([][]byte) (int, error)  { return a.n, a.err }
func (a answers) TryWritev([][]byte) (int, error) { return a.n, a.err }

// blocked is the error of a socket that would block.
type blocked struct{}

func (blocked) Error() string    { return "would block" }
func (blocked) WouldBlock() bool { return true }

// errBlocked is allocated once, so that returning it allocates nothing.
var errBlocked error = blocked{}

// endless is a socket that alternates between n bytes and would-block, and accepts as many bytes in
// the same way.
type endless struct{ n, left int }

func (e *endless) TryReadv(segs [][]byte) (int, error)  { return e.move(segs) }
func (e *endless) TryWritev(segs [][]byte) (int, error) { return e.move(segs) }

func (e *endless) move(segs [][]byte) (int, error) {
	if e.left == 0 {
		e.left = e.n
		return -1, errBlocked
	}
	n := 0
	for _, s := range segs {
		n += min(len(s), e.left-n)
	}
	e.left -= n
	return n, nil
}
