//go:build !unix

package wine

import (
	"errors"
	"fmt"
)

// lock is not available on systems without Wine.
type lock struct{}

func openLock(name string) (*lock, error) {
	return nil, fmt.Errorf("wine: lock %s: %w", name, errors.ErrUnsupported)
}

func (*lock) shared() error      { return errors.ErrUnsupported }
func (*lock) exclusive() error   { return errors.ErrUnsupported }
func (*lock) tryExclusive() bool { return false }
func (*lock) close() error       { return nil }
