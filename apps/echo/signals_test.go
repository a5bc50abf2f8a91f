//go:build unix

package main

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

const terminate = syscall.SIGTERM

// untilRefused waits until no process listens on addr.
func untilRefused(t *testing.T, addr string) {
	t.Helper()
	apptest.Until(t, patience, "connections are refused", func() bool {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
