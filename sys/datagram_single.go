//go:build !linux

package sys

// RecvMessages receives up to MaxMessages datagrams into the first elements of ms, one by one, and
// returns their number. It returns ErrWouldBlock only if it received none. Any other error may come
// with datagrams that were received before it: the caller must handle these first. A short count
// does not prove that no more datagrams are queued.
func RecvMessages(h Handle, ms []Message) (int, error) {
	return each(ms, func(m *Message) error { return RecvMessage(h, m) })
}

// SendMessages sends up to MaxMessages datagrams from the start of ms, one by one, and returns how
// many the kernel took. The first one not taken is sent by the next call, or not at all. f is the
// family of h, as in SendMessage.
//
// It returns ErrWouldBlock only if the kernel took none. Any other error may come with datagrams
// that were sent before it. Such an error concerns the next datagram, or reports on an earlier one.
func SendMessages(h Handle, f Family, ms []Message) (int, error) {
	return each(ms, func(m *Message) error { return SendMessage(h, f, m) })
}

func each(ms []Message, move func(m *Message) error) (int, error) {
	ms = ms[:min(len(ms), MaxMessages)]
	for i := range ms {
		switch err := move(&ms[i]); {
		case err == ErrWouldBlock && i > 0:
			return i, nil
		case err != nil:
			return i, err
		}
	}
	return len(ms), nil
}
