//go:build !linux

package sys

// RecvMessages receives up to MaxMessages datagrams into the first of ms, one by one, and returns
// how many. It returns ErrWouldBlock only if there was none. Another error may come with some that
// were received before: these are to be dealt with first. Fewer than there was room for are no
// proof that there are no more.
func RecvMessages(h Handle, ms []Message) (int, error) {
	return each(ms, func(m *Message) error { return RecvMessage(h, m) })
}

// SendMessages sends up to MaxMessages datagrams, the first of ms, one by one, and returns how many
// the kernel took. The first that it did not take is sent by the next call, or not at all. It
// returns ErrWouldBlock only if it took none. Another error may come with some that were sent
// before; it is about the one after them, or is an answer to an earlier one. f is the family of h,
// as with SendMessage.
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
