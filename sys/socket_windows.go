package sys

import (
	"errors"
	"net/netip"
	"time"
)

// SegmentsMax is how many segments RecvSegments, SendSegments, Readv and Writev hand to the kernel in one call.
const SegmentsMax = 16

// PollFD has the fields of struct pollfd.
type PollFD struct {
	Fd      int32
	Events  int16
	Revents int16
}

// The bits of a PollFD.
const (
	PollIn      = int16(0x0300)
	PollOut     = int16(0x0010)
	PollErr     = int16(0x0001)
	PollHup     = int16(0x0002)
	PollInvalid = int16(0x0004)
	PollRDHup   = int16(0)
)

// Poll returns [errors.ErrUnsupported].
func Poll(fds []PollFD, timeout time.Duration) (int, error) {
	return 0, errors.ErrUnsupported
}

// Close returns [errors.ErrUnsupported].
func Close(h Handle) error {
	return errors.ErrUnsupported
}

// Bind returns [errors.ErrUnsupported].
func Bind(h Handle, addr netip.AddrPort) error {
	return errors.ErrUnsupported
}

// Listen returns [errors.ErrUnsupported].
func Listen(h Handle, backlog int) error {
	return errors.ErrUnsupported
}

// Connect returns [errors.ErrUnsupported].
func Connect(h Handle, addr netip.AddrPort) error {
	return errors.ErrUnsupported
}

// SocketError returns [errors.ErrUnsupported].
func SocketError(h Handle) error {
	return errors.ErrUnsupported
}

// Shutdown returns [errors.ErrUnsupported].
func Shutdown(h Handle, how How) error {
	return errors.ErrUnsupported
}

// LocalAddr returns [errors.ErrUnsupported].
func LocalAddr(h Handle) (netip.AddrPort, error) {
	return netip.AddrPort{}, errors.ErrUnsupported
}

// PeerAddr returns [errors.ErrUnsupported].
func PeerAddr(h Handle) (netip.AddrPort, error) {
	return netip.AddrPort{}, errors.ErrUnsupported
}

// SetNonblock returns [errors.ErrUnsupported].
func SetNonblock(h Handle) error {
	return errors.ErrUnsupported
}

// IsNonblock returns [errors.ErrUnsupported].
func IsNonblock(h Handle) (bool, error) {
	return false, errors.ErrUnsupported
}

// SetReuseAddr returns [errors.ErrUnsupported].
func SetReuseAddr(h Handle, on bool) error {
	return errors.ErrUnsupported
}

// SetReusePort returns [errors.ErrUnsupported].
func SetReusePort(h Handle, on bool) error {
	return errors.ErrUnsupported
}

// SetV6Only returns [errors.ErrUnsupported].
func SetV6Only(h Handle, on bool) error {
	return errors.ErrUnsupported
}

// SetNoDelay returns [errors.ErrUnsupported].
func SetNoDelay(h Handle, on bool) error {
	return errors.ErrUnsupported
}

// SetKeepAlive returns [errors.ErrUnsupported].
func SetKeepAlive(h Handle, on bool) error {
	return errors.ErrUnsupported
}

// SetKeepAlivePeriod returns [errors.ErrUnsupported].
func SetKeepAlivePeriod(h Handle, d time.Duration) error {
	return errors.ErrUnsupported
}

// SetLinger returns [errors.ErrUnsupported].
func SetLinger(h Handle, seconds int) error {
	return errors.ErrUnsupported
}

// SetReadBuffer returns [errors.ErrUnsupported].
func SetReadBuffer(h Handle, n int) error {
	return errors.ErrUnsupported
}

// SetWriteBuffer returns [errors.ErrUnsupported].
func SetWriteBuffer(h Handle, n int) error {
	return errors.ErrUnsupported
}

// Socket returns [errors.ErrUnsupported].
func Socket(f Family) (Handle, error) {
	return Invalid, errors.ErrUnsupported
}

// SocketPair returns [errors.ErrUnsupported].
func SocketPair() (a, b Handle, err error) {
	return Invalid, Invalid, errors.ErrUnsupported
}

// Pipe returns [errors.ErrUnsupported].
func Pipe() (r, w Handle, err error) {
	return Invalid, Invalid, errors.ErrUnsupported
}

// Accept returns [errors.ErrUnsupported].
func Accept(h Handle) (Handle, netip.AddrPort, error) {
	return Invalid, netip.AddrPort{}, errors.ErrUnsupported
}

// Recv returns [errors.ErrUnsupported].
func Recv(h Handle, p []byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// Send returns [errors.ErrUnsupported].
func Send(h Handle, p []byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// RecvSegments returns [errors.ErrUnsupported].
func RecvSegments(h Handle, segments [][]byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// SendSegments returns [errors.ErrUnsupported].
func SendSegments(h Handle, segments [][]byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// Read returns [errors.ErrUnsupported].
func Read(h Handle, p []byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// Write returns [errors.ErrUnsupported].
func Write(h Handle, p []byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// Readv returns [errors.ErrUnsupported].
func Readv(h Handle, segments [][]byte) (int, error) {
	return 0, errors.ErrUnsupported
}

// Writev returns [errors.ErrUnsupported].
func Writev(h Handle, segments [][]byte) (int, error) {
	return 0, errors.ErrUnsupported
}
