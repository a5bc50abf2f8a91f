// Package stub is a stub resolver without I/O (RFC 1034, section 5.3.1): a state machine that is
// given datagrams, stream messages and the time, and that yields actions and completions.
//
// A [Core] is driven by one thread at a time; the driver's mutex guards it. The driver opens and
// closes links, sends what the actions say, and reports what it receives. All times are durations
// since the core was made, from a monotonic clock. So a test drives the core with a virtual clock,
// and a fuzzer drives it without a network.
//
// # Acceptance
//
// A datagram is accepted only on the link that its query left from, with the ID of that query and
// with the whole question (RFC 5452, section 9). No other datagram ends a query or changes its
// result. One with an unknown ID and the question of a query in flight may be a forger's guess: the
// core asks the same server over TCP too, and continues to wait.
//
// A datagram that is no message, is cut within its answer, has an address of the wrong length or
// two OPT records is ignored like one of a forger. Bytes after a message are left out. A name in
// another case counts, unless MixCase is set. Once a server has sent a cookie (RFC 7873), replies
// without it or with another client cookie are ignored, for two minutes at least. BADCOOKIE makes
// the core ask again, and at the third time over a stream.
//
// Of a reply, only records in the answer section count whose owner is the name or the end of its
// chain of CNAME records. Unknown types and classes are left out.
//
// # Links
//
// A server has several UDP links, each a connected socket with a port of its own. A link takes no
// new query after a number of queries, after an age, or when it seems dead, so that a forger has
// little time to find its port. Lookups that begin together, before the driver takes actions, share
// a link that is chosen at random: the driver sends them at once. A retransmission leaves from
// another link than the transmission before it. An ID is used once in the life of a link, so a late
// reply never meets another query.
//
// # Schedule
//
// The core asks the servers in order, those that answer before those that do not. It asks the next
// one after the retransmission timeout of the last, computed from round-trip times as RFC 6298
// does. Each round doubles the timeout. After the last round of datagrams, it asks over TCP.
//
// An error of a server other than NXDOMAIN, or a reply of a lame one, makes the core ask the next
// server at once. A lame server neither knows the name nor asks others. A server that refuses
// queries with EDNS is asked without it, and remembered for some minutes. If no handle is left to
// open a link, lookups continue on the links that are open, and fail without one.
//
// # Streams
//
// A truncated reply, or a datagram larger than the buffer of the driver, is fetched over a stream;
// datagrams of that server no longer count then. If that fails, the core asks the next server.
// Queries share a stream, in one write each with its length, and replies come in any order. TC in
// them means nothing. A reply without a query, or one shorter than a header, breaks a stream.
// When a stream ends or breaks, its queries are sent once more if the server has answered on it,
// and else to the next server. A stream that is silent is replaced.
package stub
