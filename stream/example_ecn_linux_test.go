package stream_test

import (
	"encoding/binary"
	"fmt"
	"log"
	"net/netip"
	"syscall"
	"unsafe"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
)

// A control message has the ECN bits of a datagram (RFC 3168), which a router on a full link sets.
// Here the sender sets them.
func ExamplePacketConn_ReadMsgUDP() {
	c, err := stream.ListenPacket(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		log.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVTOS, 1) })
	if err != nil || failed != nil {
		log.Fatal(err, failed)
	}
	const congestionExperienced = 0b11
	if _, _, err := c.WriteMsgUDPAddrPort([]byte("slow down"), trafficClass(congestionExperienced), c.LocalAddrPort()); err != nil {
		log.Fatal(err)
	}
	p, oob := make([]byte, 64), make([]byte, 128)
	n, oobn, _, _, err := c.ReadMsgUDP(p, oob)
	if err != nil {
		log.Fatal(err)
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range messages {
		if m.Header.Level == syscall.IPPROTO_IP && m.Header.Type == syscall.IP_TOS {
			fmt.Printf("%s: ECN %02b\n", p[:n], m.Data[0]&0b11)
		}
	}
	// Output: slow down: ECN 11
}

// trafficClass returns a control message that sets the traffic class of a datagram (ip(7), IP_TOS).
func trafficClass(class uint32) []byte {
	oob := make([]byte, syscall.CmsgSpace(4))
	header := (*syscall.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(oob)))
	header.Level, header.Type = syscall.IPPROTO_IP, syscall.IP_TOS
	header.SetLen(syscall.CmsgLen(4))
	binary.NativeEndian.PutUint32(oob[syscall.CmsgLen(0):], class)
	return oob
}
