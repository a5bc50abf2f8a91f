package resolve

import (
	"os"
	"path/filepath"
)

// DefaultHostsPath returns the path of the system's hosts file.
func DefaultHostsPath() string {
	return filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "hosts")
}
