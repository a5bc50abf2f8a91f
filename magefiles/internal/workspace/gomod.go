package workspace

import (
	"encoding/json"
	"fmt"

	"github.com/edgewise-go/edgewise/magefiles/internal/command"
)

// GoMod is the part of `go mod edit -json` that the checks read.
type GoMod struct {
	Module    struct{ Path string }
	Go        string
	Toolchain string
	Require   []struct {
		Path, Version string
		Indirect      bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Tool []struct{ Path string }
}

// ReadGoMod reads the go.mod file of the module at dir.
func ReadGoMod(dir string) (GoMod, error) {
	var mod GoMod
	out, err := command.Output(dir, nil, "go", "mod", "edit", "-json")
	if err == nil {
		err = json.Unmarshal(out, &mod)
	}
	if err != nil {
		return mod, fmt.Errorf("go.mod of %s: %w", dir, err)
	}
	return mod, nil
}

// uses returns the directories that go.work names, unchanged.
func uses(root string) ([]string, error) {
	var work struct{ Use []struct{ DiskPath string } }
	out, err := command.Output(root, nil, "go", "work", "edit", "-json")
	if err == nil {
		err = json.Unmarshal(out, &work)
	}
	if err != nil {
		return nil, fmt.Errorf("go.work: %w", err)
	}
	var dirs []string
	for _, u := range work.Use {
		dirs = append(dirs, u.DiskPath)
	}
	return dirs, nil
}
