package message

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Reply is the content of a message that [Read] has read. A Reply may be used for several messages
// one after the other, which saves allocations.
type Reply struct {
	RCode              resolve.RCode // with the upper bits from the OPT record
	Authoritative      bool          // AA
	RecursionAvailable bool          // RA
	Truncated          bool          // TC
	AD                 bool          // whether the server is trusted with it is the caller's affair
	Cut                bool          // the message ended early, after a whole answer section

	HasOPT  bool
	UDPSize uint16 // of the server; 0 without an OPT record
	Cookie  []byte // 8 or 16 to 40 bytes, a part of the message; nil without one
	HasEDE  bool   // there is an extended error (RFC 8914)
	EDE     uint16
	EDEText string // printable, and at most MaxEDEText bytes

	// Answered reports that Answer is the answer to the question. An Answer with records can be
	// empty if all were filtered; see Answer.Filtered.
	Answered bool
	Answer   resolve.Answer
	// Filtered counts the names that are no host names. Records with one are left out. A CNAME
	// record is followed nevertheless, but Answer.Canonical is zero.
	Filtered int
	// ChainTarget is the end of a chain of CNAME records without a record of the type, in a reply
	// without SOA record. The caller may ask for it. Expires is that of the chain.
	ChainTarget resolve.Name
	Links       int // in the chain

	Negative Negative
	// Expires is when a negative answer, or the chain to ChainTarget, expires. It is zero without
	// a SOA record: such a negative answer must not be cached (RFC 2308, section 5).
	Expires time.Time
	HasSOA  bool
	// Referral reports NS records in the authority section and neither an answer nor a SOA record.
	// Without RA it is a sign of a lame server. Negative is NoData then too.
	Referral bool

	addrs   []netip.Addr // scratch
	records []resolve.Record
	aliases []alias
}

// Negative is the kind of a negative answer.
type Negative uint8

// The kinds.
const (
	NotNegative Negative = iota
	NXDomain             // the name, or the end of its chain of CNAME records, does not exist
	NoData               // it has no record of the type
)

// The bounds of a reply.
const (
	// MaxLinks bounds the links of a chain of CNAME records.
	MaxLinks = 16
	// maxAliases bounds the CNAME records in an answer, most of which may be unrelated.
	maxAliases = 64
	// MaxEDEText bounds the text of an extended error.
	MaxEDEText = 128
	// MaxTTL bounds times to live. RFC 8767, section 4, recommends 7 days, and treats a value with
	// its top bit set as a large one.
	MaxTTL = 7 * 24 * time.Hour
	// maxScratch bounds the elements that a Reply keeps from one message to the next.
	maxScratch = 64
)

func clampTTL(seconds uint32) time.Duration { return min(time.Duration(seconds)*time.Second, MaxTTL) }

// reset clears the reply but keeps its scratch.
func (r *Reply) reset() {
	addrs, records := r.addrs[:0], r.records[:0]
	clear(records[:cap(records)])
	if cap(addrs) > maxScratch {
		addrs = nil
	}
	if cap(records) > maxScratch {
		records = nil
	}
	*r = Reply{addrs: addrs, records: records, aliases: r.aliases}
}
