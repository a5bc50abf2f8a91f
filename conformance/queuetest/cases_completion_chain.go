package queuetest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionChainCases() []Case {
	return []Case{
		completing("chain", "Completer.SubmitChain", "Each operation of a chain begins when the one before has succeeded.",
			"io_uring_sqe_set_flags(3), IOSQE_IO_LINK", chains),
		completing("chain-failure", "Completer.SubmitChain", "If an operation of a chain fails, the rest complete with ErrCanceled.",
			"io_uring_sqe_set_flags(3), IOSQE_IO_LINK", chainFails),
		completing("chain-short", "Completer.SubmitChain", "If an operation of a chain moves less than all its bytes, the rest complete with ErrCanceled.",
			"io_uring_prep_recv(3), MSG_WAITALL", chainShort),
		completing("chain-cancel", "Completer.SubmitChain", "If an operation of a chain is canceled, the rest complete with ErrCanceled.",
			"liburing#1422", chainCanceled),
		completing("chain-cancel-later", "Completer.SubmitChain", "An operation of a chain that has not begun can be canceled. Those before it are not.",
			"liburing test/cancel-race", chainCanceledLater),
		completing("chain-refused", "Completer.SubmitChain", "No operation of a chain may be Multi. After an error, none was submitted.",
			"io_uring_enter(2)", chainRefused),
		completing("chain-timeouts", "Completer.SubmitChain", "A timeout in a chain begins when the operation before it has succeeded.",
			"io_uring_prep_timeout(3)", chainTimeouts),
	}
}

func chains(t T, c *completer) {
	a, b := pair(t)
	p := make([]byte, 4)
	all := c.chain(
		queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p},
		queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte("reply")},
		queue.Op{Kind: queue.OpTimeout},
	)
	for _, o := range all {
		c.pending(o, "before the first of the chain")
	}
	_, err := sys.Read(b.handle, make([]byte, 8))
	wantError(t, "read before the first of the chain has succeeded", err, sys.ErrWouldBlock)
	b.write(t, []byte("call"))
	for i, want := range []int{4, 5, 0} {
		c.result(all[i], want)
	}
	same(t, "received", p, []byte("call"))
	same(t, "sent", c.f.reads(t, b, 5), []byte("reply"))
	distinct(t, all)
}

func distinct(t T, all []*operation) {
	t.Helper()
	seen := map[queue.OpID]bool{}
	for _, o := range all {
		if seen[o.id] {
			t.Errorf("two operations of a chain have the id %#x", o.id)
		}
		seen[o.id] = true
	}
}

func chainFails(t T, c *completer) {
	a, b := pair(t)
	all := c.chain(
		queue.Op{Kind: queue.OpTimeout},
		c.refused(),
		queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte("never")},
		queue.Op{Kind: queue.OpTimeout},
	)
	c.result(all[0], 0)
	c.failsAs(all[1], sys.ClassRefused)
	c.fails(all[2], queue.ErrCanceled)
	c.fails(all[3], queue.ErrCanceled)
	c.fence()
	_, err := sys.Read(b.handle, make([]byte, 8))
	wantError(t, "read of what a canceled operation would have sent", err, sys.ErrWouldBlock)
}

func chainShort(t T, c *completer) {
	for _, bytes := range []int{3, 0} { // zero: the end of the stream
		a, b := pair(t)
		x, y := pair(t)
		all := c.chain(
			queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)},
			queue.Op{Kind: queue.OpSend, Handle: x.handle, Data: []byte("never")},
			queue.Op{Kind: queue.OpTimeout},
		)
		b.send(t, bytes)
		b.close(t)
		c.result(all[0], bytes)
		c.fails(all[1], queue.ErrCanceled)
		c.fails(all[2], queue.ErrCanceled)
		c.fence()
		_, err := sys.Read(y.handle, make([]byte, 8))
		wantError(t, "read of what a canceled operation would have sent", err, sys.ErrWouldBlock)
	}
}

func chainCanceled(t T, c *completer) {
	a, _ := pair(t)
	x, y := pair(t)
	for _, begun := range []bool{true, false} {
		all := c.chain(
			queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)},
			queue.Op{Kind: queue.OpSend, Handle: x.handle, Data: []byte("never")},
			queue.Op{Kind: queue.OpTimeout},
		)
		if begun {
			c.fence()
		}
		c.cancel(all[0])
		for _, o := range all {
			c.fails(o, queue.ErrCanceled)
		}
		c.fence()
		_, err := sys.Read(y.handle, make([]byte, 8))
		wantError(t, "read of what a canceled operation would have sent", err, sys.ErrWouldBlock)
	}
}

func chainCanceledLater(t T, c *completer) {
	a, b := pair(t)
	all := c.chain(
		queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)},
		queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte("never")},
		queue.Op{Kind: queue.OpTimeout, After: time.Hour},
	)
	c.fence()
	c.cancel(all[1])
	c.pending(all[0], "when a later operation of its chain is canceled")
	b.send(t, 1)
	c.result(all[0], 1)
	c.fails(all[1], queue.ErrCanceled)
	c.fails(all[2], queue.ErrCanceled)
	_, err := sys.Read(b.handle, make([]byte, 8))
	wantError(t, "read of what a canceled operation would have sent", err, sys.ErrWouldBlock)
}

func chainRefused(t T, c *completer) {
	a, b := pair(t)
	l, _ := listen(t)
	send := queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte("never"), Token: 1}
	for what, bad := range map[string]queue.Op{
		"Multi":   {Kind: queue.OpAccept, Handle: l.handle, Multi: true, Token: 2},
		"no kind": {Token: 2},
	} {
		for _, ops := range [][]queue.Op{{send, bad}, {bad, send}, {send, bad, send}} {
			wantError(t, "chain with "+what, c.SubmitChain(ops, make([]queue.OpID, len(ops))), queue.ErrInvalid)
		}
	}
	c.fence()
	_, err := sys.Read(b.handle, make([]byte, 8))
	wantError(t, "read of what a refused chain would have sent", err, sys.ErrWouldBlock)
}

func chainTimeouts(t T, c *completer) {
	late := c.chain(queue.Op{Kind: queue.OpTimeout, After: time.Hour}, queue.Op{Kind: queue.OpTimeout})
	c.pending(late[1], "before the timeout that precedes it in its chain")
	const each = 5 * time.Millisecond
	begin := time.Now()
	all := c.chain(
		queue.Op{Kind: queue.OpTimeout, After: each}, queue.Op{Kind: queue.OpTimeout, After: each}, queue.Op{Kind: queue.OpTimeout, After: each},
	)
	for i, o := range all {
		c.result(o, 0)
		if took := time.Since(begin); took < time.Duration(i+1)*each {
			t.Errorf("timeout %d of the chain completes after %v", i+1, took)
		}
	}
}
