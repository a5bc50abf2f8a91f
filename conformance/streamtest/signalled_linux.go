package streamtest

import (
	"os"
	"os/exec"
	"sync"
)

// signalled starts a process in which every other call of recvfrom(2) and recvmsg(2) runs with a
// signal pending (see strace(1)). Go's runtime handles SIGURG without any action.
var signalled = []string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=recvfrom,recvmsg",
	"-e", "inject=recvfrom,recvmsg:signal=SIGURG:when=1+2"}

// signals reports whether there is an strace(1) that may trace. The process of a case does not
// look: its parent has done so, and judges what the target lacks.
var signals = sync.OnceValue(func() bool {
	return os.Getenv(childEnv) == "" && exec.Command(signalled[0], append(signalled[1:], "true")...).Run() == nil
})
