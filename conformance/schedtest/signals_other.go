//go:build !unix

package schedtest

import "errors"

func interrupt() error { return errors.ErrUnsupported }
