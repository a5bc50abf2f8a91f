package streamtest

import "syscall"

// waivers are for what Wine does otherwise than Windows. On Windows itself nothing is waived.
func waivers() []Waiver {
	if syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() != nil {
		return nil
	}
	const (
		reason = "Wine's server asks the socket for SO_ERROR while it polls it, and what is read from a connection that the peer has reset is then the " +
			"end of the stream: seen with a bare accept, a reset and one WSARecv, without any wait."
		url = "https://github.com/wine-mirror/wine/blob/wine-8.0/server/sock.c"
	)
	return []Waiver{{Case: "end/reset", Reason: reason, URL: url}, {Case: "end/write-after-reset", Reason: reason, URL: url}}
}
