package netresolver_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/netresolver"
)

func dial(t *testing.T, s resolve.Strategy, network string) net.Conn {
	t.Helper()
	c, err := netresolver.Bridge(s).Dial(t.Context(), network, "192.0.2.53:53")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// query is a query for a name with a final dot. A size adds an OPT record.
func query(t *testing.T, id uint16, name string, typ dnsmessage.Type, size int) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, RecursionDesired: true, AuthenticData: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: typ, Class: dnsmessage.ClassINET}}}
	if size > 0 {
		var h dnsmessage.ResourceHeader
		require.NoError(t, h.SetEDNS0(size, 0, false))
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	msg, err := m.Pack()
	require.NoError(t, err)
	return msg
}

func unpack(t *testing.T, msg []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	require.NoError(t, m.Unpack(msg))
	return m
}

// packet sends a query and returns the reply.
func packet(t *testing.T, c net.Conn, msg []byte) ([]byte, dnsmessage.Message) {
	t.Helper()
	_, err := c.Write(msg)
	require.NoError(t, err)
	buf := make([]byte, 65535)
	n, err := c.Read(buf)
	require.NoError(t, err)
	return buf[:n], unpack(t, buf[:n])
}

// large has 200 addresses, which need 3.2 kB.
func large() *scripted {
	var texts []string
	for i := range 200 {
		texts = append(texts, fmt.Sprintf("10.0.0.%d", i))
	}
	return &scripted{answers: script{"A large.example": addresses(texts...)}}
}

func TestFormOfAConnectionFollowsItsNetwork(t *testing.T) {
	for network, packets := range map[string]bool{"udp": true, "udp6": true, "tcp": false, "tcp4": false} {
		c := dial(t, zone(), network)
		_, ok := c.(net.PacketConn)
		require.Equal(t, packets, ok, network)
		require.Equal(t, "192.0.2.53:53", c.RemoteAddr().String())
		require.Equal(t, network, c.LocalAddr().Network())
	}
}

func TestReplyToAPacket(t *testing.T) {
	c := dial(t, zone(), "udp")
	_, m := packet(t, c, query(t, 7, "WWW.example.", dnsmessage.TypeA, 1232))
	require.Equal(t, dnsmessage.Header{ID: 7, Response: true, RecursionDesired: true, RecursionAvailable: true}, m.Header)
	require.Equal(t, "WWW.example.", m.Questions[0].Name.String())
	require.Len(t, m.Answers, 3)
	require.Equal(t, "WWW.example.", m.Answers[0].Header.Name.String())
	require.Equal(t, "web.example.", m.Answers[0].Body.(*dnsmessage.CNAMEResource).CNAME.String())
	require.Equal(t, "web.example.", m.Answers[1].Header.Name.String())
	require.Equal(t, [4]byte{192, 0, 2, 1}, m.Answers[1].Body.(*dnsmessage.AResource).A)
	require.InDelta(t, 60, m.Answers[1].Header.TTL, 5)
	require.Len(t, m.Additionals, 1)
	_, m = packet(t, c, query(t, 8, "example.", dnsmessage.TypeMX, 0))
	require.Equal(t, uint32(60), m.Answers[0].Header.TTL)
	require.Empty(t, m.Additionals)
	for name, want := range map[string]dnsmessage.RCode{
		"none.example.": dnsmessage.RCodeNameError, "down.example.": dnsmessage.RCodeServerFailure,
		"alias.example.": dnsmessage.RCodeSuccess, "a b.": dnsmessage.RCodeNameError, "192.0.2.1.": dnsmessage.RCodeNameError,
	} {
		_, m = packet(t, c, query(t, 9, name, dnsmessage.TypeA, 0))
		require.Equal(t, want, m.RCode, name)
		require.Len(t, m.Questions, 1)
		require.Empty(t, m.Answers)
	}
}

func TestPacketsAreTruncatedAtTheSizeOfTheQuery(t *testing.T) {
	c := dial(t, large(), "udp")
	for size, limit := range map[int]int{0: 512, 100: 512, 1232: 1232, 3000: 3000} {
		msg, m := packet(t, c, query(t, 1, "large.example.", dnsmessage.TypeA, size))
		require.True(t, m.Truncated, size)
		require.LessOrEqual(t, len(msg), limit, size)
		require.Greater(t, len(msg), limit-40, size)
	}
	_, m := packet(t, c, query(t, 1, "large.example.", dnsmessage.TypeA, 4096))
	require.False(t, m.Truncated)
	require.Len(t, m.Answers, 200)
}

func TestPackageNetAsksAgainOverTheStream(t *testing.T) {
	s := large()
	addrs, err := netresolver.Bridge(s).LookupNetIP(t.Context(), "ip4", "large.example.")
	require.NoError(t, err)
	require.Len(t, addrs, 200)
	require.Equal(t, []string{"A large.example", "A large.example"}, s.asked)
}

func TestLargestAnswerFitsAStream(t *testing.T) {
	s := &scripted{answers: script{"TXT example": records(strings.Repeat("\xff"+strings.Repeat("x", 255), 200), strings.Repeat("\xff"+strings.Repeat("y", 255), 100))}}
	c := dial(t, s, "tcp")
	m := stream(t, c, query(t, 1, "example.", dnsmessage.TypeTXT, 512))
	require.True(t, m.Truncated)
	require.Len(t, m.Answers, 1)
}

// stream sends a query with a length, and returns the reply.
func stream(t *testing.T, c net.Conn, msg []byte) dnsmessage.Message {
	t.Helper()
	_, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
	require.NoError(t, err)
	return frame(t, c)
}

func frame(t *testing.T, c net.Conn) dnsmessage.Message {
	t.Helper()
	length := make([]byte, 2)
	_, err := io.ReadFull(c, length)
	require.NoError(t, err)
	buf := make([]byte, binary.BigEndian.Uint16(length))
	_, err = io.ReadFull(c, buf)
	require.NoError(t, err)
	return unpack(t, buf)
}

func TestStreamTakesQueriesInAnyPieces(t *testing.T) {
	c := dial(t, zone(), "tcp")
	var both []byte
	for id, name := range []string{"v4.example.", "www.example."} {
		msg := query(t, uint16(id), name, dnsmessage.TypeA, 0)
		both = append(append(both, 0, byte(len(msg))), msg...)
	}
	for i := range both {
		n, err := c.Write(both[i : i+1])
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	require.Equal(t, uint16(0), frame(t, c).ID)
	require.Equal(t, uint16(1), frame(t, c).ID)
	_, err := c.Write(both)
	require.NoError(t, err)
	one := make([]byte, 1) // pieces of a reply
	n, err := c.Read(one)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = c.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestMalformedQueries(t *testing.T) {
	c := dial(t, zone(), "udp")
	good := query(t, 3, "www.example.", dnsmessage.TypeA, 0)
	change := func(at int, b byte) []byte {
		msg := append([]byte(nil), good...)
		msg[at] = b
		return msg
	}
	for text, q := range map[string]struct {
		msg  []byte
		want dnsmessage.RCode
	}{
		"NOTIFY":                   {change(2, 0x20), dnsmessage.RCodeNotImplemented},
		"QDCOUNT 0":                {change(5, 0), dnsmessage.RCodeFormatError},
		"QDCOUNT 2":                {change(5, 2), dnsmessage.RCodeFormatError},
		"a cut question":           {good[:len(good)-1], dnsmessage.RCodeFormatError},
		"a missing record":         {change(11, 1), dnsmessage.RCodeFormatError},
		"a missing answer section": {change(7, 1), dnsmessage.RCodeFormatError},
	} {
		_, m := packet(t, c, q.msg)
		require.Equal(t, q.want, m.RCode, text)
		require.Equal(t, uint16(3), m.ID, text)
		require.Empty(t, m.Questions, text)
	}
	for _, msg := range [][]byte{nil, good[:11], change(2, 0x81)} { // nothing to reply to
		_, err := c.Write(msg)
		require.NoError(t, err)
	}
	_, m := packet(t, c, query(t, 4, "www.example.", dnsmessage.TypeA, 0))
	require.Equal(t, uint16(4), m.ID)
}

func TestReadOfAQueryThatTimedOutFails(t *testing.T) {
	c := dial(t, zone(), "udp")
	_, err := c.Write(query(t, 1, "slow.example.", dnsmessage.TypeA, 0))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 512))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	_, m := packet(t, c, query(t, 2, "www.example.", dnsmessage.TypeA, 0))
	require.Equal(t, uint16(2), m.ID)
}

func TestQueriesOfAConnectionAreBounded(t *testing.T) {
	s := &scripted{silent: true, canceled: make(chan resolve.Question, 64)}
	c := dial(t, s, "udp")
	msg := query(t, 1, "a.", dnsmessage.TypeA, 0)
	for range 64 {
		_, err := c.Write(msg)
		require.NoError(t, err)
	}
	_, err := c.Write(msg)
	require.ErrorContains(t, err, "too many queries")
	require.NoError(t, c.Close())
	for range 64 {
		<-s.canceled
	}
	_, err = c.Write(msg)
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = c.Read(msg)
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, c.Close(), net.ErrClosed)
	require.ErrorIs(t, c.SetDeadline(time.Time{}), net.ErrClosed)
}

func TestCloseEndsARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, network := range []string{"udp", "tcp"} {
			c := dial(t, &scripted{silent: true}, network)
			failed := make(chan error)
			go func() {
				_, err := c.Read(make([]byte, 512))
				failed <- err
			}()
			synctest.Wait()
			require.NoError(t, c.Close())
			require.ErrorIs(t, <-failed, net.ErrClosed)
		}
	})
}

func TestDeadlinesOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, &scripted{silent: true}, "udp")
		begin := time.Now()
		read := func() error {
			_, err := c.Read(make([]byte, 512))
			return err
		}
		require.NoError(t, c.SetReadDeadline(begin.Add(time.Second)))
		require.ErrorIs(t, read(), os.ErrDeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
		require.ErrorIs(t, read(), os.ErrDeadlineExceeded)
		_, err := c.Write(query(t, 1, "a.", dnsmessage.TypeA, 0))
		require.NoError(t, err, "only reads have the deadline")

		// A Read notices that its deadline changes.
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
		failed := make(chan error)
		go func() { failed <- read() }()
		synctest.Wait()
		require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
		require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
		require.Equal(t, time.Minute+time.Second, time.Since(begin))
		synctest.Wait() // for the timer of the other direction
		_, err = c.Write(query(t, 1, "a.", dnsmessage.TypeA, 0))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)

		require.NoError(t, c.SetDeadline(time.Time{}))
		go func() { failed <- read() }()
		synctest.Wait()
		require.NoError(t, c.SetDeadline(time.Unix(1, 0)))
		require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
		require.NoError(t, c.Close())
	})
}

// net.Resolver itself does not watch the context while it reads.
func TestContextEndsALookupOfPackageNet(t *testing.T) {
	s := &scripted{silent: true, canceled: make(chan resolve.Question, 8)}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := netresolver.Bridge(started{s, cancel}).LookupMX(ctx, "example.")
		failed <- err
	}()
	err := <-failed
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, resolve.TypeMX, (<-s.canceled).Type)
}

// started calls a function after Start.
type started struct {
	*scripted
	f func()
}

func (s started) Start(q *resolve.Query) {
	s.scripted.Start(q)
	s.f()
}
