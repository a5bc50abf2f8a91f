//go:build !linux

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

func receiveClass(sys.Handle, sys.Family) error { return errors.ErrUnsupported }

func classControl(sys.Family, byte) []byte { return nil }

func classOf([]byte) (class byte, ok bool) { return 0, false }

func receiveSegments(sys.Handle) error { return errors.ErrUnsupported }

func segmentControl(uint16) []byte { return nil }

func segmentOf([]byte) (size int, ok bool) { return 0, false }
