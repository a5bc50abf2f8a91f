package bufstrategytest

import "github.com/edgewise-go/edgewise/bufstrategy"

func urgentCases() []Case {
	return []Case{{
		ID: "short-read/not-at-an-urgent-mark", Doc: "bufstrategy.ShortReader",
		Rule: "ShortReadDrains reports false after any event with an urgent mark: a read stops at the mark, and the bytes after it may have arrived in the " +
			"same event.",
		Source: "tcp(7): a read stops at the urgent mark",
		Run: func(t T, f *Fixture) {
			b := f.open(t, Options{Limit: 1000})
			src := &markedSocket{socket: socket{data: pattern(60, 26), arrived: 60}, marks: []int{20, 15}}
			want := src.data
			wantFill(t, f, b, src, 0, bufstrategy.Drained, len(want))
			if !src.blocked {
				t.Errorf("Drained at an urgent mark: no event reports the bytes after it")
			}
			wantUnread(t, b, want)
		},
	}}
}

// markedSocket is a socket whose bytes have all arrived in one event. A read ends at each mark, and
// is short.
type markedSocket struct {
	socket
	marks []int // number of bytes before the first mark, and between each mark and the next
}

func (s *markedSocket) TryReadv(segs [][]byte) (int, error) {
	at := len(s.data)
	if len(s.marks) > 0 {
		at = s.marks[0]
	}
	s.readMax = func() int { return at }
	n, err := s.socket.TryReadv(segs)
	if len(s.marks) > 0 && n > 0 {
		if s.marks[0] -= n; s.marks[0] == 0 {
			s.marks = s.marks[1:]
		}
	}
	return n, err
}

// ShortReadDrains returns false, since an event has reported a mark.
func (s *markedSocket) ShortReadDrains() bool { return false }
