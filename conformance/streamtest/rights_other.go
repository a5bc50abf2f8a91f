//go:build !unix

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

func rights(sys.Handle) []byte { return nil }

func receivedRights([]byte) ([]sys.Handle, error) { return nil, errors.ErrUnsupported }
