//go:build unix

package sys

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// checkUnixName refuses a name that the kernel would take for another one, or that is too long for
// it.
func checkUnixName(name string) error {
	most := unixNameMax
	abstract := strings.HasPrefix(name, "@")
	if abstract {
		if err := abstractName(); err != nil {
			return err
		}
	}
	switch {
	case name == "":
		return fmt.Errorf("sys: name of a Unix-domain socket: empty: %w", unix.EINVAL)
	case !abstract && strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("sys: path of a Unix-domain socket: contains a NUL byte: %w", unix.EINVAL)
	case len(name) > most:
		return fmt.Errorf("sys: name of a Unix-domain socket: %d bytes: want at most %d: %w", len(name), most, unix.ENAMETOOLONG)
	}
	return nil
}
