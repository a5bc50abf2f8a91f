//go:build unix

package sys_test

import (
	"fmt"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ClassOf sorts errors by how a caller handles them, even if they are wrapped. Code that uses it
// needs no errno of a particular system.
func ExampleClassOf() {
	for _, err := range []error{
		nil,
		sys.ErrWouldBlock,
		fmt.Errorf("write: %w", syscall.ECONNRESET),
		syscall.ECONNREFUSED,
		syscall.EMFILE,
		syscall.EINVAL,
	} {
		fmt.Println(sys.ClassOf(err))
	}
	// Output:
	// none
	// would block
	// disconnected
	// refused
	// out of descriptors
	// other
}
