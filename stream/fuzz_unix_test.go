//go:build unix

package stream

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// scripted is a Waiter whose Wait runs a script: words act on the connection or as the peer, or
// answer the Wait. No other code acts, so a model can predict what each call must return.
type scripted struct {
	t      *testing.T
	script []byte
	conn   *Conn
	peer   sys.Handle
	drains bool

	sent, read      int
	shut, closed    bool // by the peer, by this end
	late, readEnded bool
	interrupts      int
	waits           bool
}

func (s *scripted) Register(sys.Handle) (Source, error) { return s, nil }
func (s *scripted) Interrupt(sys.Direction)             { s.interrupts++ }
func (s *scripted) ShortReadDrains() bool               { return s.drains }
func (s *scripted) Close() error                        { return nil }

// Wait runs the script up to the first word that is an answer and returns that answer. At the end
// of the script it returns errFull.
func (s *scripted) Wait(d sys.Direction, _ time.Time) error {
	if d != sys.Readable {
		s.t.Fatalf("Wait in direction %v, want readable", d)
	}
	s.waits = true
	defer func() { s.waits = false }()
	for {
		if s.closed {
			return net.ErrClosed
		}
		if len(s.script) == 0 {
			return errFull
		}
		word := s.script[0]
		s.script = s.script[1:]
		switch word {
		case 'y':
			return nil
		case 'd': // by the clock of the Waiter; the deadline may have moved
			return os.ErrDeadlineExceeded
		default:
			s.act(word)
		}
	}
}

func (s *scripted) act(word byte) {
	switch word {
	case 's':
		if n, err := sys.Send(s.peer, []byte{byte(s.sent), byte(s.sent + 1)}); err == nil {
			s.sent += n
		}
	case 'e':
		if err := sys.Shutdown(s.peer, sys.ShutWriting); err == nil {
			s.shut = true
		}
	case 'p':
		s.setDeadline(time.Now().Add(-time.Second), true)
	case 'f':
		s.setDeadline(time.Now().Add(time.Hour), false)
	case 'n':
		s.setDeadline(time.Time{}, false)
	case 'r':
		if err := s.conn.CloseRead(); err == nil {
			s.readEnded = true
		} else if !s.closed {
			s.t.Fatalf("CloseRead: %v, want nil", err)
		}
	case 'c':
		if err := s.conn.Close(); (err == nil) == s.closed {
			s.t.Fatalf("Close: %v, closed before: %v", err, s.closed)
		}
		s.closed = true
	}
}

func (s *scripted) setDeadline(t time.Time, late bool) {
	before := s.interrupts
	err := s.conn.SetReadDeadline(t)
	switch {
	case s.closed:
		if !errors.Is(err, net.ErrClosed) {
			s.t.Fatalf("SetReadDeadline after Close: %v, want net.ErrClosed", err)
		}
		return
	case err != nil:
		s.t.Fatalf("SetReadDeadline: %v, want nil", err)
	case s.waits && s.interrupts == before:
		s.t.Fatal("SetReadDeadline during a Wait does not interrupt it")
	}
	s.late = late
}

// check compares the result of a Read with the results that the model allows.
func (s *scripted) check(p []byte, n int, err error, lateBefore, closedBefore bool) {
	for _, b := range p[:n] {
		if b != byte(s.read) {
			s.t.Fatalf("Read: byte %d is %d, want its index modulo 256", s.read, b)
		}
		s.read++
	}
	ok := false
	switch {
	case n > 0:
		ok = err == nil && s.read <= s.sent && !lateBefore
	case err == io.EOF:
		ok = (s.shut || s.readEnded) && s.read == s.sent && !lateBefore
	case errors.Is(err, os.ErrDeadlineExceeded):
		ok = s.late && !closedBefore
	case errors.Is(err, net.ErrClosed):
		ok = s.closed
	case errors.Is(err, errFull):
		ok = len(s.script) == 0 && !s.closed
	}
	if !ok {
		s.t.Fatalf("Read: %d, %v; sent %d, read %d, ended %v %v, closed %v, late %v; before: closed %v, late %v",
			n, err, s.sent, s.read, s.shut, s.readEnded, s.closed, s.late, closedBefore, lateBefore)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("13", "ysy", false)
	f.Add("3333", "sssyey", true)
	f.Add("12", "pyfdyny", false)
	f.Add("3s3p3n3", "yrdcy", true)
	f.Fuzz(func(t *testing.T, calls, script string, drains bool) {
		a, b, err := sys.SocketPair()
		require.NoError(t, err)
		defer sys.Close(b)
		s := &scripted{t: t, script: []byte(script), peer: b, drains: drains}
		sock, err := Adopt(a)
		if err == nil {
			s.conn, err = NewConn(sock, s)
		}
		require.NoError(t, err)
		defer s.conn.Close()
		for _, call := range []byte(calls) {
			if call < '1' || call > '9' {
				s.act(call)
				continue
			}
			p := make([]byte, call-'0')
			late, closed := s.late, s.closed
			n, err := s.conn.Read(p)
			s.check(p, n, err, late, closed)
		}
	})
}

func FuzzUnixName(f *testing.F) {
	for _, name := range []string{"", "@", "@a", "@\x00", "a\x00b", strings.Repeat("x", 200), "@" + strings.Repeat("y", 106), "@" + strings.Repeat("y", 107)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, err := OpenUnix()
		require.NoError(t, err)
		defer s.Close()
		abstract := strings.HasPrefix(name, "@")
		bad := name == "" || !abstract && strings.Contains(name, "\x00")
		if !bad && !abstract && len(name) <= 108 {
			return // it would create a file
		}
		err = s.BindUnix(name)
		switch {
		case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, errors.ErrUnsupported):
			return // another process has the name, or the system has no abstract names
		case err == nil && (bad || len(name) > 108):
			t.Fatalf("BindUnix(%q) succeeded, want an error", name)
		case err != nil && abstract && len(name) <= 108:
			t.Fatalf("BindUnix(%q): %v, want nil", name, err)
		case err != nil:
			return
		}
		ends, err := s.unixEnds()
		if err != nil || ends.local.String() != name {
			t.Fatalf("socket bound to %q has names %v, error %v", name, ends, err)
		}
	})
}
