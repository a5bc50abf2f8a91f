package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// registrationsMax bounds the text about the queues of the process.
const registrationsMax = 32 << 10

// registrations returns what Linux reports for each epoll and io_uring descriptor of the process
// (proc_pid_fdinfo(5)): the registered handles and their interests. Elsewhere it returns "". It
// reads /proc, so the queues need no wrapper.
func registrations() string {
	const dir = "/proc/self"
	links, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, l := range links {
		what, err := os.Readlink(filepath.Join(dir, "fd", l.Name()))
		if err != nil || what != "anon_inode:[eventpoll]" && what != "anon_inode:[io_uring]" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, "fdinfo", l.Name()))
		if err != nil {
			text = []byte(err.Error())
		}
		fmt.Fprintf(&b, "descriptor %s, %s:\n%s", l.Name(), what, text)
		if b.Len() > registrationsMax {
			return b.String()[:registrationsMax] + " ...\n"
		}
	}
	return b.String()
}
