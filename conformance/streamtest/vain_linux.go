package streamtest

import (
	"encoding/binary"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// queueErrors makes the kernel add an entry to the error queue of h when it has sent data, and
// another when that was acknowledged (timestamping of Linux).
func queueErrors(h sys.Handle) error {
	const (
		timestamping  = 37      // SO_TIMESTAMPING_OLD, on all architectures that are tested
		report        = 1 << 4  // SOF_TIMESTAMPING_SOFTWARE
		scheduled     = 1 << 8  // SOF_TIMESTAMPING_TX_SCHED
		acknowledged  = 1 << 9  // SOF_TIMESTAMPING_TX_ACK
		timestampOnly = 1 << 11 // SOF_TIMESTAMPING_OPT_TSONLY
	)
	return syscall.SetsockoptInt(int(h), syscall.SOL_SOCKET, timestamping, report|scheduled|acknowledged|timestampOnly)
}

// queueAnswers makes the kernel keep answers of the network in the error queue of h (ip(7),
// IP_RECVERR).
func queueAnswers(h sys.Handle) error {
	return syscall.SetsockoptInt(int(h), syscall.IPPROTO_IP, syscall.IP_RECVERR, 1)
}

// openCounter returns an eventfd, a value that it has room for once but not twice, and a function
// that reads it (eventfd(2)).
func openCounter() (h sys.Handle, half []byte, read func() ([]byte, error), err error) {
	if h, err = sys.Eventfd(); err != nil {
		return sys.Invalid, nil, nil, err
	}
	half = binary.NativeEndian.AppendUint64(nil, 1<<63)
	return h, half, func() ([]byte, error) {
		p := make([]byte, len(half))
		n, err := sys.Read(h, p)
		return p[:n], err
	}, nil
}
