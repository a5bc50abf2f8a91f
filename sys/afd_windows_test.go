package sys_test

import (
	"errors"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// afd is a port with one poll.
type afd struct {
	port, device sys.Handle
	poll         *sys.AFDPoll
}

func openAFD(t *testing.T) afd {
	t.Helper()
	port, err := sys.PortCreate()
	require.NoError(t, err)
	device, err := sys.AFDOpen(port, 7)
	require.NoError(t, err)
	polls, err := sys.AFDPolls()
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := errors.Join(sys.CloseObject(device), sys.CloseObject(port), sys.AFDRelease(polls)); err != nil {
			t.Error(err)
		}
	})
	return afd{port, device, &polls[5]}
}

func (a afd) start(t *testing.T, h sys.Handle, events uint32) {
	t.Helper()
	base, err := sys.BaseSocket(h)
	require.NoError(t, err)
	require.NoError(t, a.poll.Start(a.device, base, events, 99))
}

func (a afd) packet(t *testing.T, timeout time.Duration) bool {
	t.Helper()
	packets := make([]sys.Packet, 4)
	n, err := sys.PortWait(a.port, packets, timeout)
	if err != nil || n > 1 {
		t.Fatalf("got %d packets, %v", n, err)
	}
	if n == 1 && (packets[0].Key != 7 || packets[0].Data != 99) {
		t.Errorf("got key %d, data %d", packets[0].Key, packets[0].Data)
	}
	return n == 1
}

func (a afd) expect(t *testing.T, want uint32) {
	t.Helper()
	if !a.packet(t, patience) {
		t.Fatalf("no packet for events %#x", want)
	}
	if got, err := a.poll.Result(); got&want != want || err != nil {
		t.Errorf("got events %#x, %v; want %#x", got, err, want)
	}
}

func TestAFDPollFindsReadiness(t *testing.T) {
	d := openAFD(t)
	a, b := pair(t)
	d.start(t, a, sys.AFDSend)
	d.expect(t, sys.AFDSend) // at once, and through a packet
	d.start(t, a, sys.AFDReceive|sys.AFDLocalClose)
	if d.packet(t, 0) {
		t.Error("packet for readability before any byte was sent")
	}
	if _, err := sys.Send(b, []byte("x")); err != nil {
		t.Fatal(err)
	}
	d.expect(t, sys.AFDReceive)
	if _, err := sys.Recv(a, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	d.start(t, a, sys.AFDReceive|sys.AFDDisconnect)
	require.NoError(t, sys.Shutdown(b, sys.ShutWriting))
	d.expect(t, sys.AFDDisconnect)
}

func TestAFDPollAcceptsAndFails(t *testing.T) {
	d := openAFD(t)
	l, c, refused := socket(t), socket(t), socket(t)
	require.NoError(t, sys.Bind(l, loopback))
	to, err := sys.LocalAddr(l)
	require.NoError(t, err)
	if err := sys.Connect(refused, to); sys.ClassOf(err) == sys.ClassInProgress {
		d.start(t, refused, sys.AFDSend|sys.AFDConnectFail)
		d.expect(t, sys.AFDConnectFail)
	} else if sys.ClassOf(err) != sys.ClassRefused {
		t.Errorf("connect to a port without a listener: %v", err)
	}
	require.NoError(t, sys.Listen(l, 1))
	d.start(t, l, sys.AFDAccept)
	if err := sys.Connect(c, to); err != nil && sys.ClassOf(err) != sys.ClassInProgress {
		t.Fatal(err)
	}
	d.expect(t, sys.AFDAccept)
}

func TestAFDPollIsCanceledOnce(t *testing.T) {
	d := openAFD(t)
	a, _ := pair(t)
	d.start(t, a, sys.AFDReceive)
	for range 2 { // the second call finds no poll, which is not an error
		require.NoError(t, d.poll.Cancel(d.device))
	}
	d.expect(t, 0)
	if got, err := d.poll.Result(); got != 0 || err != nil {
		t.Errorf("canceled poll: got events %#x, %v, want none", got, err)
	}
	if d.packet(t, 0) {
		t.Error("got a second packet for one poll")
	}
}

func TestAFDPollTellsOfAnotherThreadsClose(t *testing.T) {
	d := openAFD(t)
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	own(t, b)
	d.start(t, a, sys.AFDReceive|sys.AFDLocalClose)
	require.NoError(t, sys.Close(a))
	d.expect(t, sys.AFDLocalClose)
	if err := d.poll.Start(d.device, a, sys.AFDReceive, 99); err == nil {
		t.Error("Start on a closed socket: got nil, want an error")
	} else if sys.IsObject(a) {
		t.Errorf("handle %v is still open after Close", a)
	}
}

func TestPortsCarryWhatIsPosted(t *testing.T) {
	port, err := sys.PortCreate()
	require.NoError(t, err)
	packets := make([]sys.Packet, 2)
	for i := range uintptr(3) {
		require.NoError(t, sys.PortPost(port, 3, i))
	}
	n, err := sys.PortWait(port, packets, -1)
	if n != 2 || err != nil || packets[0].Key != 3 || packets[0].Data != 0 || packets[1].Data != 1 {
		t.Errorf("got %d, %v, %+v", n, err, packets)
	}
	allocated := testing.AllocsPerRun(50, func() {
		_ = sys.PortPost(port, 3, 1)
		_, _ = sys.PortWait(port, packets, 0)
		_, _ = sys.PortWait(port, packets[:1], time.Microsecond)
	})
	if allocated != 0 {
		t.Errorf("got %v allocations, want 0", allocated)
	}
	if err := sys.CloseObject(port); err != nil {
		t.Error(err)
	}
}
