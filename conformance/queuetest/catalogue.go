package queuetest

import (
	"strconv"
	"strings"
)

// Row is a row of the catalogue: a defect that event loops and completion queues have had, and what
// shows that an implementation does not have it.
type Row struct {
	// Number is that of the defect among all that are known of event loops. Other suites cover the
	// rest.
	Number int
	What   string
	// By lists what covers the row: cases of this suite ("completion/cancel"), and tests of
	// packages of modules queue and sys ("iouring.TestX").
	By []string
	// Excluded is why nothing, or nothing more, has to cover the row.
	Excluded string
}

// Catalogue returns the rows that concern operations, io_uring and Windows.
func Catalogue() []Row {
	var rows []Row
	for line := range strings.Lines(identityRows + ringRows + windowsRows) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		what, by, _ := strings.Cut(line, " | ")
		number, what, _ := strings.Cut(what, " ")
		by, excluded, _ := strings.Cut(by, "n/a: ")
		r := Row{What: what, By: strings.Fields(by), Excluded: excluded}
		r.Number, _ = strconv.Atoi(number) // a test checks the numbers
		rows = append(rows, r)
	}
	return rows
}

// Each line is a row: its number, what happens, and after the bar what covers it.
const (
	identityRows = `
1 data goes to the next owner of a number | completion/close-number delete/number-reused delete/reuse
2 a stale event in the same batch | delete/in-batch completion/close-number completion/cancel-stale
`
	ringRows = `
42 a close does not cancel: the peer sees no end, and the operation takes its next bytes | completion/close-handle completion/close-number
43 a cancel by handle after the close finds nothing | completion/cancel completion/close-handle n/a: Cancel takes the id of an operation
44 a closed listener continues to accept | completion/close-listener
45 the outcome of a cancel is ambiguous | completion/exactly-once-recv completion/exactly-once-send completion/exactly-once-accept completion/exactly-once-connect completion/exactly-once-poll completion/exactly-once-timeout completion/cancel completion/cancel-ended completion/cancel-twice completion/cancel-keeps-connections
46 a dropped cancel or timeout hangs | completion/cancel-many completion/timeout-many completion/full-canceled
47 a timeout discards bytes | completion/cancel-keeps-bytes completion/cancel-keeps-sent completion/exactly-once-recv n/a: no kind is a timeout of another operation; callers cancel
48 an operation with Multi ends in silence | completion/flood completion/shut-behind-data completion/poll-multi completion/accept-multi completion/buffers-multi iouring.TestReceivesOverflowATinyRing
49 an operation without a buffer hides the end | completion/buffers-exhausted completion/buffers-exhausted-multi completion/buffers-idle iouring.TestWithoutBuffersAReceiveEnds
50 buffers leak with errors | completion/buffers-accounting completion/buffers-busy completion/buffers-return-twice
51 buffers come in the wrong order or with the wrong size | completion/bulk completion/bulk-buffers completion/bulk-multi completion/buffers-stream completion/buffers-stream-multi completion/recv-order completion/buffers-hold
52 memory of a zero-copy send is used too early, or a second completion follows | completion/send-zero-copy completion/copies
53 the queue ends while the kernel still writes | completion/close-in-flight completion/close-untaken iouring.TestCloseEndsAThousandOperations
54 a ring belongs to one thread | completion/submit-anywhere completion/polls iouring.TestOnlyOneThreadWaits iouring.TestOperationsOfOtherThreadsReachTheOneWaiter
55 completions arise while others are handled | completion/submit-in-handling completion/one-slot
56 a wait blocks before what was submitted | completion/ping-pong completion/submit-while-waiting
57 completions overflow | completion/flood completion/one-slot completion/timeout-many iouring.TestWhatOverflowsTheRingIsNotLost
58 the system denies the mechanism | auto.TestIoUringDenied iouring.TestASandboxIsNamed
59 versions of the kernel differ | features/claimed iouring.TestAPollOutlivesTheThreadThatSubmittedIt n/a: New tries the features that it uses; no test has other kernels
60 a documented flag does not exist | level/nags completion/poll-multi n/a: levels are emulated
`
	windowsRows = `
61 a call races with the close of the queue | close/races close/ends-waits completion/close-wait completion/closed
62 memory of a request is freed before its packet has come | completion/close-in-flight completion/close-number delete/reuse iocp.TestMemoryOfAPollIsLeftAloneUntilItsPacketHasCome
63 a cancel ends the requests of one thread, or those of others | completion/cancel-while-waiting completion/cancel-one iocp.TestAPollThatSomebodyElseCanceledStartsAgain
64 a layered provider hides the base socket | sys.TestTheBaseIsAskedForBeforeTheLayerBelow
65 a failed connect or an abort is missed, or repeated | completion/connect-refused completion/recv-reset edge/refused edge/reset
66 an event of the old registration comes after Modify | modify/while-waiting edge/modify iocp.TestReadinessOfTheCancelWindowComesWithTheNewToken
67 an operation that succeeds at once completes twice | completion/recv-ready completion/send-order completion/messages completion/exactly-once-send
68 WSAPoll misses a failed connect | completion/connect-refused edge/refused n/a: no queue uses WSAPoll
69 a close with a request in flight resets the connection | completion/close-handle
70 a receive that restarts in the handling of its completion corrupts its request | completion/submit-in-handling
71 an accepted or connected socket is in an odd state | completion/accept-state completion/connect
72 a timeout is too short, or overflows | completion/timeout wait/not-early wait/longest
73 a registration ends before its last notification | delete/reuse delete/while-waiting n/a: no queue uses ProcessSocketNotifications
`
)
