// Package message builds DNS queries and reads replies to them (RFC 1035).
//
// Everything in a reply is the choice of a peer, possibly a forger. Reading is therefore bounded:
// in steps ([MaxSteps]), in links of a chain of aliases ([MaxLinks]), and in memory, by the bytes
// that have arrived and not by the counts in the header.
//
// Queries are built and replies are walked here. dnsmessage.Builder copies each name several times,
// in 256 bytes. dnsmessage.Parser exposes no offsets, so its callers cannot get at options and
// unknown RDATA without allocations, and it rejects a message for any label with a dot in it, as
// DNS-SD has (RFC 6763, section 4.1.1). The fuzz tests compare the results with that package.
package message
