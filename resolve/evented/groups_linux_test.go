package evented

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pair is a batch that is connected to the socket peer.
type pair struct {
	*batch
	conn, peer *net.UDPConn
}

func newPair(t *testing.T) pair {
	t.Helper()
	peer, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	conn, err := net.DialUDP("udp", nil, peer.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = peer.Close(), conn.Close() })
	s := new(shared)
	s.init(512)
	return pair{newPackets(conn, s).(*batch), conn, peer}
}

// canGroup reports whether the kernel sends groups. Linux does since 4.18.
func (p pair) canGroup() bool { return p.grouping.load() == groupingUntried }

// datagramsOf returns n datagrams of at most nine lengths, in no order of these.
func datagramsOf(n int) []string {
	var all []string
	for i := range n {
		all = append(all, string(binary.BigEndian.AppendUint16(nil, uint16(i)))+strings.Repeat("x", i*7%9))
	}
	return all
}

// send sends all, and requires that they arrive, in whatever order.
func (p pair) send(t *testing.T, all []string) {
	t.Helper()
	for _, d := range all {
		if !p.Add([]byte(d)) {
			require.NoError(t, p.Send())
			require.True(t, p.Add([]byte(d)))
		}
	}
	require.NoError(t, p.Send())
	p.arrive(t, all)
}

func (p pair) arrive(t *testing.T, all []string) {
	t.Helper()
	var got []string
	buffer := make([]byte, 1<<10)
	for range all {
		n, err := p.peer.Read(buffer)
		require.NoError(t, err)
		got = append(got, string(buffer[:n]))
	}
	require.ElementsMatch(t, all, got)
}

// reply makes the batch receive a reply.
func (p pair) reply(t *testing.T, reply []byte) {
	t.Helper()
	_, err := p.peer.WriteTo(reply, p.conn.LocalAddr())
	require.NoError(t, err)
	n, err := p.Receive()
	require.NoError(t, err)
	require.Equal(t, 1, n)
	got, cut := p.Datagram(0)
	require.False(t, cut)
	require.Equal(t, string(reply), string(got))
	p.Release()
}

func TestGroupsFollowAReplyToTheFirstOne(t *testing.T) {
	p := newPair(t)
	if !p.canGroup() {
		return
	}
	for _, n := range []int{1, 2, 3, groupMax, 2*groupMax + 1} {
		p.send(t, datagramsOf(n))
		require.Equal(t, n > 1, p.grouping.probing())
	}
	wanted := uint16(p.grouping.load())
	for _, reply := range [][]byte{nil, {1}, binary.BigEndian.AppendUint16(nil, wanted+1)} {
		p.reply(t, reply)
		require.True(t, p.grouping.probing())
	}
	p.reply(t, binary.BigEndian.AppendUint16(nil, wanted))
	require.EqualValues(t, groupingWorks, p.grouping.load())
	for _, n := range []int{1, 2, 3, groupMax, 2*groupMax + 1} {
		p.send(t, datagramsOf(n))
	}
	require.EqualValues(t, groupingWorks, p.grouping.load())
}

func TestAGroupHasOneLengthExceptForTheLast(t *testing.T) {
	var g groups
	var state grouping
	state.state.Store(groupingWorks)
	var out [][]byte
	for _, n := range []int{3, 5, 4, 5, 3, 5} {
		out = append(out, make([]byte, n))
	}
	g.make(out, &state)
	require.Equal(t, []int{4, 2}, g.counts[:g.n])
	require.Len(t, g.messages[0].Buffer, 19)
	require.Len(t, g.messages[1].Buffer, 6)
}

func TestDatagramsArriveIfTheKernelRefusesGroups(t *testing.T) {
	p := newPair(t)
	if !p.canGroup() {
		return
	}
	raw, err := p.conn.SyscallConn()
	require.NoError(t, err)
	// Groups need checksums (net/ipv4/udp.c, udp_send_skb).
	require.NoError(t, raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) }))
	require.NoError(t, err)
	for _, state := range []uint32{groupingUntried, groupingWorks} {
		p.grouping.state.Store(state)
		p.send(t, datagramsOf(groupMax))
		require.EqualValues(t, groupingFails, p.grouping.load())
	}
}

func TestDropLeavesOutOneDatagramOfAGroup(t *testing.T) {
	p := newPair(t)
	if !p.canGroup() {
		return
	}
	p.grouping.state.Store(groupingWorks)
	all := datagramsOf(9)
	for _, d := range all {
		p.Add([]byte(d))
	}
	p.groups.make(p.out[:p.n], &p.grouping)
	skipped := string(p.out[0])
	p.Drop()
	require.NoError(t, p.Send())
	p.arrive(t, slices.DeleteFunc(all, func(d string) bool { return d == skipped }))
}
