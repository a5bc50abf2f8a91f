package sys

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// boundRaw returns a Unix-domain socket whose sun_path has exactly these bytes. The caller closes
// it.
func boundRaw(t *testing.T, kind int, path []byte) Handle {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	sa := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&sa.Path)), len(sa.Path)), path)
	if _, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unixPathOffset)+uintptr(len(path))); errno != 0 {
		unix.Close(fd)
		t.Fatalf("bind %q: %v", path, errno)
	}
	return Handle(fd)
}

// TestNamesOfEveryLength uses peers with paths and abstract names of every length that the kernel
// allows.
func TestNamesOfEveryLength(t *testing.T) {
	dir, err := os.MkdirTemp("", "n") // t.TempDir has a name too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	prefix := dir + "/"
	var names [][]byte
	for length := len(prefix) + 1; length <= int(unixPathMax); length++ {
		names = append(names, []byte(prefix+strings.Repeat("p", length-len(prefix))))
	}
	for length := len(prefix) + 1; length <= int(unixPathMax); length++ {
		// The directory name keeps them distinct from those of another run.
		names = append(names, []byte("\x00"+dir+strings.Repeat("\x00", length-len(prefix))))
	}
	at := "@" + dir + "-receiver"
	receiver, err := UnixgramSocket()
	if err == nil {
		err = BindUnix(receiver, at)
	}
	require.NoError(t, err)
	defer Close(receiver)
	listener, err := UnixSocket()
	if err == nil {
		err = errors.Join(BindUnix(listener, at+"-stream"), Listen(listener, 1))
	}
	require.NoError(t, err)
	defer Close(listener)
	for _, name := range names {
		want := string(name)
		if name[0] == 0 {
			want = "@" + want[1:]
		}
		sender := boundRaw(t, unix.SOCK_DGRAM, name)
		for range 2 {
			require.NoError(t, SendMessage(sender, IPv4, &Message{Buffer: []byte("x"), Name: at}))
		}
		one := Message{Buffer: make([]byte, 4)}
		if err := RecvMessage(receiver, &one); err != nil || one.N != 1 || one.Name != want {
			t.Errorf("name of %d bytes: received %d from %q, %v; want from %q", len(name), one.N, one.Name, err, want)
		}
		many := []Message{{Buffer: make([]byte, 4)}, {Buffer: make([]byte, 4)}}
		if n, err := RecvMessages(receiver, many); n != 1 || err != nil || many[0].Name != want {
			t.Errorf("name of %d bytes: batch of %d from %q, %v; want from %q", len(name), n, many[0].Name, err, want)
		}
		if err := SendMessage(receiver, IPv4, &Message{Buffer: []byte("y"), Name: one.Name}); err != nil {
			t.Errorf("reply to a name of %d bytes: %v", len(name), err)
		}
		if kind, err := KindOf(sender); kind != KindUnixgram || err != nil {
			t.Errorf("kind of a socket with a name of %d bytes: got %v, %v", len(name), kind, err)
		}
		require.NoError(t, Close(sender))
		os.Remove(want)
		streamed(t, listener, at+"-stream", name, want)
		os.Remove(want)
		ours, err := UnixSocket()
		if err == nil {
			err = BindUnix(ours, want)
		}
		if got, e := LocalUnixName(ours); err != nil || e != nil || got != want {
			t.Errorf("bound to %q: local name is %q; %v, %v", want, got, err, e)
		}
		Close(ours)
		os.Remove(want)
	}
}

// streamed connects a socket of that name to listener and compares the name that both ends report.
func streamed(t *testing.T, listener Handle, at string, name []byte, want string) {
	t.Helper()
	c := boundRaw(t, unix.SOCK_STREAM, name)
	defer Close(c)
	require.NoError(t, ConnectUnix(c, at))
	h, addr, err := Accept(listener)
	if err != nil || addr.IsValid() {
		t.Fatalf("accept: %v, %v", addr, err)
	}
	defer Close(h)
	if got, err := PeerUnixName(h); got != want || err != nil {
		t.Errorf("peer's name of %d bytes: %q, %v; want %q", len(name), got, err, want)
	}
	if got, err := LocalUnixName(c); got != want || err != nil {
		t.Errorf("local name of %d bytes: %q, %v; want %q", len(name), got, err, want)
	}
	for _, ask := range []func(Handle) (netip.AddrPort, error){LocalAddr, PeerAddr} {
		if got, err := ask(c); got.IsValid() || err != nil {
			t.Errorf("IP address of a Unix-domain socket: got %v, %v, want none", got, err)
		}
	}
}

// FuzzAddress reads addresses of any family and size, including sizes that the kernel does not use:
// the parser does not trust what the kernel fills in.
func FuzzAddress(f *testing.F) {
	for _, size := range []uint32{0, 1, 2, 3, 15, 16, 27, 28, 109, 110, 111, 112, 113, math.MaxUint32} {
		for _, family := range []uint16{unix.AF_UNSPEC, unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK, unix.AF_VSOCK, math.MaxUint16} {
			f.Add(binary.NativeEndian.AppendUint16(nil, family), size)
			f.Add(append(binary.NativeEndian.AppendUint16(nil, family), bytes.Repeat([]byte{0x7f}, 110)...), size)
			f.Add(append(binary.NativeEndian.AppendUint16(nil, family), 0, 'a', 0, 'b'), size)
		}
	}
	h, err := UDPSocket(IPv4)
	require.NoError(f, err)
	f.Cleanup(func() { Close(h) })
	f.Fuzz(func(t *testing.T, raw []byte, size uint32) {
		var from addressSpace
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&from.raw)), unsafe.Sizeof(from.raw)), raw)
		before := from
		m := Message{Name: "before", Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), 9)}
		m.received(h, 3, &unix.Msghdr{Flags: unix.MSG_TRUNC, Namelen: size}, &from)
		if m.N != 3 || !m.Truncated || m.Name != "" && m.Addr.IsValid() {
			t.Fatalf("family %[2]d, size %[3]d: got %+[1]v", m, before.raw.Addr.Family, size)
		}
		if before.family(size) != unix.AF_UNIX {
			if m.Name != "" {
				t.Fatalf("got name %q for family %d", m.Name, before.raw.Addr.Family)
			}
			if !m.Addr.IsValid() {
				return
			}
			var to addressSpace
			n, err := to.put(h, IPv6, &m)
			if got := to.addrPort(h, n); err != nil || got != m.Addr {
				t.Fatalf("address %v read back as %v, %v", m.Addr, got, err)
			}
			return
		}
		if len(m.Name) > int(unixPathMax) || strings.IndexByte(m.Name, 0) >= 0 && m.Name[0] != '@' {
			t.Fatalf("got invalid name %q", m.Name)
		}
		if m.Name == "" {
			return
		}
		var to addressSpace
		n, err := to.putName(m.Name)
		if got := to.unixPath(n); err != nil || string(got) != m.Name {
			t.Fatalf("name %q read back as %q, %v", m.Name, got, err)
		}
	})
}

// FuzzUnixName writes names and reads them back: a name is either refused or read back unchanged.
func FuzzUnixName(f *testing.F) {
	for _, length := range []int{0, 1, 2, 106, 107, 108, 109, 1000} {
		for _, beginning := range []string{"@", "/", "@\x00", "x\x00"} {
			f.Add((beginning + strings.Repeat("n", 1000))[:length])
			f.Add((beginning + strings.Repeat("\x00", 1000))[:length])
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		var a addressSpace
		size, err := a.putName(name)
		sound := name != "" && len(name) <= int(unixPathMax) && (name[0] == '@' || strings.IndexByte(name, 0) < 0)
		if (err == nil) != sound {
			t.Fatalf("%q: %v", name, err)
		}
		if err != nil {
			return
		}
		if got := a.unixPath(size); !slices.Equal(got, []byte(name)) || size > unix.SizeofSockaddrUnix {
			t.Fatalf("name %q read back as %q, address of %d bytes", name, got, size)
		}
	})
}
