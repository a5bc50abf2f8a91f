//go:build !linux

package compare

import (
	"errors"
	"net/netip"
	"time"
)

// drive returns an error.
func (*load) drive(netip.AddrPort) ([]time.Duration, float64, error) {
	return nil, 0, errors.ErrUnsupported
}
