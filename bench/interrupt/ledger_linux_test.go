package interrupt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRightErrorsAreToldFromWrongOnes(t *testing.T) {
	of := func(errno syscall.Errno) error {
		return &net.OpError{Op: "read", Err: os.NewSyscallError("read", errno)}
	}
	for _, c := range []struct {
		kind  Kind
		errno syscall.Errno
		err   error
		name  string
		right bool
	}{
		{Storm, 0, nil, Whole, true},
		{Storm, 0, of(syscall.ECONNRESET), "ECONNRESET", false},
		{Storm, 0, of(syscall.EINTR), "EINTR", false},
		{Tiny, 0, errCut, "other", false},
		{Proxy, 0, of(syscall.ECONNRESET), "ECONNRESET", true},
		{Proxy, 0, syscall.EPIPE, "EPIPE", true},
		{Proxy, 0, errCut, "other", false},
		{Proxy, 0, os.ErrDeadlineExceeded, "other", false},
		{Proxy, 0, of(syscall.ECONNREFUSED), "ECONNREFUSED", false},
		{Injected, syscall.ENOBUFS, of(syscall.ENOBUFS), "ENOBUFS", true},
		{Injected, syscall.ENOBUFS, of(syscall.ECONNRESET), "ECONNRESET", true},
		{Injected, syscall.ENOBUFS, of(syscall.EMFILE), "EMFILE", false},
		{Injected, syscall.ENOBUFS, errors.Join(of(syscall.ENOBUFS), of(syscall.ENOBUFS)), "other", false}, // two errors
		{Injected, syscall.ENOBUFS, context.Canceled, "other", false},
	} {
		l := newLedger(Options{Kind: c.kind, Errno: c.errno}, func() {})
		if name, right := l.judge(c.err); name != c.name || right != c.right {
			t.Errorf("%s: %v: got %s, %v, want %s, %v", c.kind, c.err, name, right, c.name, c.right)
		}
	}
}

func TestEachTransferIsToldOnce(t *testing.T) {
	over := 0
	l := newLedger(Options{Kind: Tiny, Transfers: 3}, func() { over++ })
	l.tell(0, 10, nil)
	l.tell(0, 10, nil)
	l.tell(1, 10, nil)
	if over != 0 {
		t.Errorf("got the end although a transfer is left")
	}
	r := l.result()
	got := strings.Join(r.Violations, "; ")
	if r.Ended[Whole] != 2 || r.Bytes != 20 || !strings.Contains(got, "transfer 0 has ended a second time") || !strings.Contains(got, "1 transfers have not ended") {
		t.Errorf("got %+v", r)
	}
	l.tell(2, 10, nil)
	if over != 1 {
		t.Errorf("got the end %d times, want once", over)
	}
}

func TestResetsOfTheProxyAreAccountedFor(t *testing.T) {
	l := newLedger(Options{Kind: Proxy, Transfers: 2}, func() {})
	l.tell(0, 10, nil)
	l.tell(1, 10, syscall.ECONNRESET)
	if got := l.result().Violations; len(got) != 1 || !strings.Contains(got[0], "1 transfers failed, and 0 were reset") {
		t.Errorf("got %q for a failure that nothing caused", got)
	}
}

func TestWhatCameBackIsCompared(t *testing.T) {
	one, other := sha256.New(), sha256.New()
	other.Write([]byte("x"))
	for _, c := range []struct {
		bytes, received int
		same, good      bool
	}{{5, 5, true, true}, {5, 5, false, false}, {5, 4, true, false}, {5, 6, true, false}, {0, 0, true, true}} {
		got := one
		if !c.same {
			got = other
		}
		if err := compare(plan{bytes: c.bytes}, c.received, one, got); (err == nil) != c.good {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestWhatIsLeftBehindIsFound(t *testing.T) {
	s, err := takeStock()
	require.NoError(t, err)
	if found := s.look(); len(found) != 0 {
		t.Errorf("got %q with nothing left over", found)
	}
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	stop := make(chan struct{})
	go func() { <-stop }()
	found := fmt.Sprint(s.look())
	close(stop)
	if !strings.Contains(found, os.DevNull) || !strings.Contains(found, "1 goroutines are left") {
		t.Errorf("got %s, want the descriptor and the goroutine", found)
	}
}

func TestPlansFollowFromTheSeed(t *testing.T) {
	c := Options{Seed: 7, MaxBytes: 100_000}
	empty := 0
	for i := range 1000 {
		a, b := c.plan(i), c.plan(i)
		if a.bytes != b.bytes || a.chunk != b.chunk || a.vectored != b.vectored || a.random.Uint64() != b.random.Uint64() {
			t.Fatalf("transfer %d: got two plans from one seed", i)
		}
		if a.bytes < 0 || a.bytes > c.MaxBytes || a.chunk < segments {
			t.Fatalf("transfer %d: got %d bytes in chunks of %d", i, a.bytes, a.chunk)
		}
		if a.bytes == 0 {
			empty++
		}
	}
	if empty == 0 {
		t.Error("no transfer is empty")
	}
}
