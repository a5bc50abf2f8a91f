package queuetest

import (
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/iocp"
)

func iocpTarget() Target {
	return Target{
		Name:     "iocp+pqcs",
		Features: queue.Features{Mechanism: "iocp", Waker: "pqcs", NativeOneShot: true, PeerShut: true, Completions: true},
		Waivers:  wineWaivers(),
		Open:     func() (queue.Queue, error) { return iocp.New(iocp.Options{}) },
		OpenBounded: func(bound int) (queue.Queue, error) {
			return iocp.New(iocp.Options{MaxOperations: bound})
		},
	}
}

// wineWaivers waive deviations of Wine from Windows. On Windows nothing is waived.
func wineWaivers() []Waiver {
	if syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() != nil {
		return nil
	}
	return []Waiver{{
		Case: "edge/end-behind-data",
		Reason: "Wine reports AFD_POLL_DISCONNECT only after the bytes before the end have been read. Windows reports it at once: Wine's own test of " +
			"a shutdown with data in the pipe expects it, and marks it as missing in Wine (check_poll_todo).",
		URL: "https://github.com/wine-mirror/wine/blob/wine-8.0/dlls/ws2_32/tests/afd.c",
	}}
}

func TestIOCP(t *testing.T) { Run(t, iocpTarget()) }
