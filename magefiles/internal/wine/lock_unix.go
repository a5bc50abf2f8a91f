//go:build unix

package wine

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock is held shared by the processes that use a prefix, or exclusively by the one that makes it.
// The kernel releases it when a process ends for any reason.
type lock struct{ file *os.File }

func openLock(name string) (*lock, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	return &lock{file}, err
}

func (l *lock) shared() error    { return l.flock(syscall.LOCK_SH) }
func (l *lock) exclusive() error { return l.flock(syscall.LOCK_EX) }

// tryExclusive reports whether no other process holds the lock. If so, the caller now holds it
// exclusively.
func (l *lock) tryExclusive() bool { return l.flock(syscall.LOCK_EX|syscall.LOCK_NB) == nil }

func (l *lock) flock(how int) error {
	for {
		err := syscall.Flock(int(l.file.Fd()), how)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wine: lock %s: %w", l.file.Name(), err)
		}
	}
}

func (l *lock) close() error { return l.file.Close() }
