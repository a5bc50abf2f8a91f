package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func shortReadMutants() []mutant {
	return []mutant{
		broken("a short read of anything but TCP is the last", last(urgentRoom, func(n string) bool { return n != "tcp" }), "urgent/short-reads"),
		{Name: "a read that would block at a mark is believed", Target: believing(), Detects: signalID},
	}
}

// believing is a target over epoll in edge mode whose reads wait whenever the kernel has returned
// would-block.
func believing() Target {
	return changed("a read that would block at a mark is believed", tasks("epoll", queue.Edge, placings()[0]), conns(func(b *brokenConn) {
		b.read = func(p []byte) (int, error) {
			return unguarded(b.conn.(syscall.Conn).SyscallConn, syscall.RawConn.Read, func(h sys.Handle) (int, error) { return sys.Recv(h, p) })
		}
	}))
}
