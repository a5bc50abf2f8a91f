package resolve

import (
	"os"
	"path/filepath"
)

// DefaultHostsPath returns where the system keeps its hosts file.
func DefaultHostsPath() string {
	return filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "hosts")
}
