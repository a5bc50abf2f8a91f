//go:build unix

package sys

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// checkUnixName refuses what the kernel would take for another name, or has no room for.
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
		return fmt.Errorf("unix-domain socket without a name: %w", unix.EINVAL)
	case !abstract && strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("NUL in the name of a unix-domain socket: %w", unix.EINVAL)
	case len(name) > most:
		return fmt.Errorf("name of a unix-domain socket has %d bytes, of at most %d: %w", len(name), most, unix.ENAMETOOLONG)
	}
	return nil
}
