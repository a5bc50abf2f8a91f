package resolve

import "time"

// Record is one resource record of an [Answer]. Its owner is the canonical name of the answer.
type Record struct {
	Type Type
	TTL  time.Duration // as the server sent it; it does not count down
	Data string        // RDATA (RFC 1035, section 3.2.1), with no name in it compressed
}
