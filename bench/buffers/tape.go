package buffers

import (
	"encoding/binary"
	"math/rand/v2"
)

// framing is the way to find the length of a message.
type framing uint8

const (
	single  framing = iota // every byte is a message
	frames                 // a header of four bytes holds the length of the rest
	records                // of TLS: the last two of five header bytes hold the length of the rest
	bulk                   // messages of bulkSize: the consumer takes the segments as they come
	through                // bytes to a sink, from the buffer of one connection through another's
)

// recordSize is the maximum that a TLS record holds (RFC 8446, section 5.1).
const recordSize = 16 << 10

// bulkSize is the size of a message of bulk.
const bulkSize = 1 << 20

// header returns the number of bytes that determine the length of a message.
func (f framing) header() int {
	switch f {
	case frames:
		return 4
	case records:
		return 5
	}
	return 1
}

// length returns the length of a message that begins with head, including the header.
func (f framing) length(head []byte) int {
	switch f {
	case frames:
		return 4 + int(binary.BigEndian.Uint32(head))
	case records:
		return 5 + int(binary.BigEndian.Uint16(head[3:]))
	}
	return 1
}

// tape holds the bytes that every connection sends repeatedly: messages of random bytes, one after
// the other.
type tape struct {
	bytes  []byte
	starts []int // of the messages, and the end of the last
}

// record makes a tape of at least size bytes. Its messages have between least and most bytes,
// including the header. Each length is as likely as its double.
func record(f framing, size, least, most int, r *rand.Rand) tape {
	var t tape
	for len(t.bytes) < size {
		t.starts = append(t.starts, len(t.bytes))
		n := least
		for n < most && r.IntN(2) == 0 {
			n *= 2
		}
		n = min(n+r.IntN(n), most)
		at := len(t.bytes)
		for range n {
			t.bytes = append(t.bytes, byte(r.Uint32()))
		}
		switch f {
		case frames:
			binary.BigEndian.PutUint32(t.bytes[at:], uint32(n-4))
		case records:
			copy(t.bytes[at:], []byte{23, 3, 3}) // application data
			binary.BigEndian.PutUint16(t.bytes[at+3:], uint16(n-5))
		}
	}
	t.starts = append(t.starts, len(t.bytes))
	return t
}
