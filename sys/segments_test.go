package sys_test

import (
	"bytes"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestSegmentsPastTheMostAreLeft(t *testing.T) {
	segments := func(n int) (all [][]byte) {
		for i := range n {
			all = append(all, []byte{byte(i)}, nil) // empty ones do not count
		}
		return all
	}
	for name, send := range map[string]func(sys.Handle, [][]byte) (int, error){"SendSegments": sys.SendSegments, "Writev": sys.Writev} {
		a, b := pair(t)
		out := segments(sys.MaxSegments + 3)
		if n, err := send(a, out); n != sys.MaxSegments || err != nil {
			t.Errorf("%s: got %d, %v, want %d", name, n, err, sys.MaxSegments)
		}
		if n, err := send(a, out[2*sys.MaxSegments:]); n != 3 || err != nil {
			t.Errorf("%s of the rest: got %d, %v, want 3, nil", name, n, err)
		}
		in := segments(sys.MaxSegments + 3)
		got := 0
		for _, receive := range []func(sys.Handle, [][]byte) (int, error){sys.RecvSegments, sys.Readv} {
			readable(t, b)
			n, err := receive(b, in[2*got:])
			require.NoError(t, err)
			got += n
		}
		if got != sys.MaxSegments+3 || !bytes.Equal(bytes.Join(in, nil), bytes.Join(out, nil)) {
			t.Errorf("%s: received %d segments: %v", name, got, in)
		}
		if n, err := send(a, [][]byte{nil, {}}); n != 0 || err != nil {
			t.Errorf("%s of empty segments: got %d, %v, want 0, nil", name, n, err)
		}
	}
}
