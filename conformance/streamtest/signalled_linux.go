package streamtest

import (
	"os/exec"
	"sync"
)

// signalled starts a process of which every other call of recvfrom(2) and recvmsg(2) runs with a
// signal pending, see strace(1). Go's runtime handles SIGURG and does nothing about it.
var signalled = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=recvfrom,recvmsg",
	"-e", "inject=recvfrom,recvmsg:signal=SIGURG:when=1+2"}

// signals reports whether there is a strace(1) that may trace.
var signals = sync.OnceValue(func() bool {
	return exec.Command(signalled[0], append(signalled[1:], "true")...).Run() == nil
})
