package streamtest

import "syscall"

// waivers lists deviations of Wine from Windows. On Windows itself, nothing is waived.
func waivers() []Waiver {
	if syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() != nil {
		return nil
	}
	const (
		reason = "Wine's server reads SO_ERROR from the socket while it polls it. A read from a connection that the peer has reset then returns the " +
			"end of the stream. Seen with a bare accept, a reset and one WSARecv, without any wait."
		url = "https://github.com/wine-mirror/wine/blob/wine-8.0/server/sock.c"
	)
	all := []Waiver{{Case: "end/reset", Reason: reason, URL: url}, {Case: "end/write-after-reset", Reason: reason, URL: url}, {Case: "end/reset-both", Reason: reason, URL: url}, {Case: "errors/reset", Reason: reason, URL: url}}
	for _, id := range []string{"options/as-net", "options/keep-alive"} {
		all = append(all, Waiver{
			Case:   id,
			Reason: "Wine 8 lacks TCP_KEEPIDLE (WSAENOPROTOOPT, 10042), which Windows has had since version 1709.",
			URL:    "https://learn.microsoft.com/en-us/windows/win32/winsock/ipproto-tcp-socket-options",
		})
	}
	all = append(all, Waiver{
		Case: "adopt/reset", URL: url,
		Reason: "After a reset, Wine's getpeername fails with WSAENOTCONN, and its WSAPoll does not report the socket as readable.",
	})
	for _, id := range []string{
		"odd-addresses", "waits", "bounds", "empty", "truncated", "no-room", "addresses", "drain", "read-batch", "write-batch", "partial-batch", "connected", "unconnected", "turns",
		"deadline", "close-racing", "raw", "udp-reads", "udp-writes", "udp-peers", "udp-truncated", "udp-ends", "udp-errors", "options-as-net",
		"listen-addresses", "local-address", "control", "broadcast",
	} {
		all = append(all, withoutPackets("packet/"+id))
	}
	return append(all, withoutPackets("errors/packets"))
}

// withoutPackets waives a case with a peer for datagrams.
func withoutPackets(id string) Waiver {
	return Waiver{
		Case:   id,
		Reason: "The peer is of package net, which cannot listen for datagrams under Wine. Wine lacks SIO_UDP_CONNRESET (WSAIoctl: 10045).",
		URL:    "https://github.com/golang/go/blob/go1.26.0/src/internal/poll/fd_windows.go",
	}
}
