package resolvetest

import "strings"

// Row is one row of the catalogue: what a resolver of names must cope with, and what shows that it
// does.
type Row struct {
	N    int
	What string
	// By lists what covers the row: cases of this suite ("wire/late"), and tests of a package of
	// module resolve ("stub.TestX").
	By []string
	// Open is why nothing covers the row yet, and Excluded why nothing has to. Only a row that is
	// covered in part has both By and one of these.
	Open, Excluded string
}

// Catalogue returns the rows, which standards, and the defects of other resolvers, have taught.
func Catalogue() []Row {
	var rows []Row
	for _, text := range []string{matchRows, errorRows, streamRows, recordRows, searchRows, connectRows, cacheRows, limitRows} {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			what, by, _ := strings.Cut(line, " | ")
			r := Row{N: len(rows) + 1, What: what}
			by, r.Open, _ = strings.Cut(by, "open: ")
			by, r.Excluded, _ = strings.Cut(by, "n/a: ")
			r.By = strings.Fields(by)
			rows = append(rows, r)
		}
	}
	return rows
}

// Each line is a row: what happens, and after the bar what covers it.
const (
	// Replies and queries.
	matchRows = `
wrong IDs, then the reply | wire/other-id
wrong IDs only | wire/other-id-only
the question of another name | wire/other-name
the question of another type or class | wire/other-type
no question | wire/no-question stub.FuzzForged
two questions | wire/two-questions
the query itself, reflected | wire/reflected
another opcode | wire/opcode
another source address | wire/other-source n/a: a connected socket takes neither another address nor another port
another source port | wire/other-source
a reply at another socket of ours | wire/other-socket
a reply of another server of ours | wire/other-server
the name in another case | wire/case
0x20 on, and a server that does not keep the case | wire/mixed-case n/a: to remember such a server would let a forger switch 0x20 off
a late reply to an earlier transmission | wire/late stub.TestALateReplyStillCounts
a reply three times | wire/duplicate
a late reply and a query with the same ID | stub.TestLinksAreShortLived stub.TestMoreLookupsThanIDs
65,536 lookups at once | stub.TestMoreLookupsThanIDs
IDs and ports that can be guessed | stub.TestIDsAndLinksAreRandom
a retransmission with the same ID or port | wire/retransmission stub.TestARetransmissionLeavesFromAnotherLinkWithAnotherID
the life of a port | stub.TestLinksAreShortLived
an empty datagram | wire/short
a datagram that is shorter than a header | wire/short
garbage, with other lookups in flight | wire/garbage stub.FuzzForged
a header, and a body that is cut | wire/cut message.TestEveryCutIsMalformedOrHarmless
bytes after the message | wire/trailing message.TestTrailingBytesAreAccepted
port unreachable, then the reply | wire/refused-is-a-hint wire/unreachable
no route to a server | wire/unreachable
a datagram that is larger than allowed | wire/oversize wire/larger-than-advertised
`
	// Errors of servers, EDNS, failover.
	errorRows = `
NXDOMAIN | wire/name-error
no data | wire/no-data message.TestNegativeAnswers
no data without a SOA record | wire/no-data
a lame server, or a referral upward | wire/lame
the same with an OPT record and without RA | wire/no-data
NXDOMAIN without RA | wire/name-error
SERVFAIL of the first server | wire/next-server stub.TestAnErrorOfOneServerAsksTheNext
SERVFAIL of all servers | wire/all-fail
REFUSED and NOTIMP | wire/next-server
FORMERR for EDNS, without or with the question | wire/without-edns stub.TestServersWithoutEDNS
FORMERR with the OPT record | wire/without-edns
BADVERS | wire/without-edns message.TestUpperBitsOfTheRCODEVoidTheAnswer
queries with EDNS are dropped, and later are not | stub.TestAServerThatDropsEDNS stub.TestServersWithoutEDNS
two OPT records | wire/two-opts
an OPT record among the answers | wire/opt-in-answer
BADCOOKIE several times | wire/bad-cookie
a cookie is missing after a good one | wire/cookie-missing stub.TestALostCookieIsForgotten
another client cookie | wire/cookie-other
YXDOMAIN and other codes | wire/all-fail wire/next-server
the first server is dead | stub.TestADeadServerIsAskedAfterTheOthers stub.TestImpatientLookupsNoticeADeadServer
all servers are dead, then one recovers | stub.TestAServerThatRecoversIsFoundByItsProbe
a server drops one type | wire/one-family-never stub.TestAServerThatDropsOneType
a server fails for one family | wire/one-family-fails host/one-family
one of two replies is lost | wire/retransmission stub.TestARetransmissionLeavesFromAnotherLinkWithAnotherID
a server with a long round-trip time | stub.TestASlowServerIsNotAskedTwice
a server becomes slow | stub.TestAServerThatBecomesSlow
half of the datagrams are lost | stub.TestHalfOfTheDatagramsAreLost
rotation | stub.TestRotationIsEven
attempts and timeouts add up | stub.TestAllServersAreDead
a deadline before the timeout | wire/timeout deadline/in-flight stub.TestImpatientLookupsNoticeADeadServer
many attempts that fail at once | stub.TestServersThatRefuseAtOnceAreAskedABoundedNumberOfTimes stub.TestAllServersRefuse
`
	// Streams.
	streamRows = `
TC over UDP | wire/truncated stub.TestATruncatedReplyIsFetchedOverAStream
TC over TCP | wire/truncated-stream
TC, and TCP is refused | wire/truncated-refused
bytes one by one | wire/split
several replies in a segment, and a half | wire/pipelined
replies out of order | wire/pipelined
reset within a message | wire/reset wire/reset-others
a reply, then the end | wire/reply-then-end
the end right after accept | wire/end-after-accept
lengths 0, 1 and 11 | wire/bad-length
65,535 bytes | wire/largest
a length of 65,535, ten bytes, and a stall | wire/stalled stub.TestASilentStreamIsReplaced stub.TestImpatientLookupsReplaceASilentStream
replies to no query | wire/unsolicited
the end of an idle stream | wire/idle-end
a wrong ID over TCP | wire/unsolicited
streams only | wire/streams-only
a small window | wire/one-write n/a: net.Conn has no partial writes
a datagram after the change to a stream | wire/truncated
`
	// Names and records.
	recordRows = `
forms of names | resolve.TestParseName message.TestQueryRefusesWhatHasNoWireForm message.TestRootMatches
control characters, spaces and UTF-8 in names | resolve.TestParseName
underscores | resolve.TestParseName
numeric names | resolve.TestParseName message.TestHostRuleIsThatOfParseName
old forms of IPv4 addresses | resolve.TestParseName
literals, zones, brackets | literal/answers resolve.TestParseName
a final dot | static/spellings resolve.TestParseName
a dot that is escaped | resolve.TestParseName
compression pointers to themselves, forward, in loops | message.TestPointersMustLeadBackward
a decompression bomb | message.TestDecompressionIsBounded
RDLENGTH too short or too long | wire/bad-lengths message.TestMalformedMessagesAreRefused
counts that lie | wire/counts-lie message.TestMalformedMessagesAreRefused
an additional section that is cut | message.TestEveryCutIsMalformedOrHarmless
TXT: long, empty, binary | message.TestRDataIsDecompressed
a chain of aliases in any order | wire/alias-order message.TestChainHasABound
a loop of aliases | wire/alias-loop message.TestChainHasABound
an alias without its target | wire/alias-followed stub.TestAChainWithoutItsEndIsFollowed
an alias without the family | wire/alias-no-data
an unrelated owner | wire/unrelated-owner wire/only-unrelated message.TestOnlyRecordsOfTheChainAnswer
an answer in another section | wire/other-sections message.TestOnlyRecordsOfTheChainAnswer
DNAME | wire/dname message.TestSynthesizedCNAMEIsFollowed
targets that are no host names | wire/bad-names message.TestNamesThatAreNoHostNamesAreFiltered
PTR with CNAME | message.TestPTRFollowsAClasslessDelegation
null MX, and the SRV target "." | message.TestRDataIsDecompressed
SRV weights | resolve.TestTargetsComeFirstInProportionToTheirWeight resolve.TestTargetsOfWeightZeroAreRarelyFirst
unknown types and classes | wire/unknown-records
PTR of addresses | netresolver.TestRecords
mapped addresses in AAAA records | wire/mapped message.TestMappedAddressStaysIPv6
`
	// The search list, files and special names.
	searchRows = `
ndots:1, a name without a dot | search/order
ndots:1, a name with a dot | search/order
ndots:0 | search/order search/strict
ndots:5 | search/order search/one-name search/first-answer
no data for one suffix | search/no-data
an error for one suffix | search/strict search/lax
a suffix that is too long | search/too-long
errors name the original name | host/names-the-host search/names-the-host
odd search lines | search/bounded sysconfig.TestSearch
malformed resolv.conf | sysconfig.TestServers sysconfig.TestOptions sysconfig.TestOverlongLine sysconfig.TestOverlongFile
missing resolv.conf | sysconfig.TestReadMissing sysconfig.TestReadUnreadable
resolv.conf changes | stub.TestServersAreReplaced evented.TestTheServersOfTheSystemChange sysconfig.TestWatcherSeesRenames sysconfig.TestWatcherWaitsForTheRest sysconfig.TestWatcherKeepsTheLastGood cache/generation
the syntax of a hosts file | hosts/syntax hosts/spellings hosts/owns-its-names
a huge hosts file | hosts/index-bounded hosts/beyond-index hosts/any-size
a hosts file with one family | hosts/owns-its-names
localhost | special/localhost special/localhost-types resolve.TestSystemKnowsLocalhost
onion, invalid, test, local | special/denied special/sites
nsswitch.conf | sysconfig.TestNSSwitch sysconfig.TestNeedsSystem adaptive/system
internationalized names | resolve.TestParseName
`
	// Addresses, and connecting.
	connectRows = `
the order of RFC 6724 | host/order-6724 source/rules resolve.TestOrderWithSources
no IPv6 route | source/unreachable
A, then AAAA | wire/one-family-late host/partial
A, and never AAAA | wire/one-family-late wire/one-family-never host/deadline
AAAA is negative at once | wire/one-family-fails host/one-family
families alternate | host/order-interleave
a thousand addresses | message.TestAnswersHaveABound
NAT64 | n/a: the network's affair
`
	// The cache, and lookups that are shared.
	cacheRows = `
TTL 0 | cache/zero-ttl
the least TTL of a chain | stub.TestAChainWithoutItsEndIsFollowed
TTLs with the top bit set | cache/ttl-max message.TestTTLIsBounded
TTLs count down | cache/expires
the TTL of OPT | message.TestOPTExtendsTheReply
negative TTLs | cache/negative cache/negative-bounded message.TestNegativeAnswers
NXDOMAIN is about the name, no data about the type | cache/name-error cache/name-error-unproven cache/other-type
a negative answer after an alias | message.TestNegativeAnswers cache/name-error-alias
no cache of aliases | cache/other-type
what must not be cached | cache/failures cache/mismatch
failures are cached for a while | cache/failure cache/failure-doubles cache/failure-ends
the clock jumps | resolve.TestCacheIgnoresStepsOfTheWallClock
the bound of the memory | cache/bounded resolve.TestCacheNeverExceedsItsBounds resolve.TestCacheCountsItsMemory
names that an attacker chose | cache/negative-apart cache/scan
callers change results | resolve.TestAnAnswerSharesNoSlice
a thousand callers | coalesce/one-question
the first caller cancels | coalesce/cancel-one
all callers cancel | coalesce/cancel-all
one caller has a shorter deadline | coalesce/deadline-alone
the lookup of all fails | coalesce/error-shared coalesce/again
callers that call again when they are answered | coalesce/in-done
two resolvers | wire/cookie n/a: no state is global
stale answers | cache/stale-delay cache/stale-at-once cache/stale-max cache/stale-replaced resolve.TestStaleTimersAreThoseOfTheRFC
stale negative answers | cache/stale-other-type cache/stale-replaced
prefetch | cache/prefetch cache/prefetch-early cache/prefetch-failure
the servers change | cache/generation cache/generation-late
`
	// Load, limits, life cycle.
	limitRows = `
100,000 lookups at once | stub.TestMemoryOfLookups stub.TestManyLookupsShareFewLinks
the bound of lookups | wire/in-flight stub.TestWaitingLookupsKeepTheirOrder
no more handles | wire/handles stub.TestNoLinkCanBeOpened
no more ports | wire/handles
the kernel refuses to send | wire/send-fails
500 blocked lookups of a pool | bound/workers bound/busy lane/slow-half lane/unknown-leave-one
a worker that never returns | cancel/in-flight close/in-flight bound/spares error/panic
cancel while queued, and while running | bound/cancel-frees cancel/ends-lookup cancel/race
close with lookups in flight | close/in-flight wire/close-idle evented.TestCloseEndsEverything
cancel in a completion | cancel/in-done
close in a completion | close/in-done
sockets that no longer work | stub.TestSocketsWhosePathIsGone wire/stalled
many timers | stub.TestMemoryOfLookups
all strategies alike | start/answers error/kinds error/no-data
hedged lookups | hedge/after-delay hedge/budget hedge/first-wins hedge/loser-counts
replies that make more queries | wire/budget stub.FuzzServer
`
)
