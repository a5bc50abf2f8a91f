package serving

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
)

// Profile is the value of the flag -cpuprofile.
type Profile struct{ path string }

// ProfileFlag adds the flag -cpuprofile to fs.
func ProfileFlag(fs *flag.FlagSet) *Profile {
	p := new(Profile)
	fs.StringVar(&p.path, "cpuprofile", "", "write a profile of the processor time to this file, for go tool pprof; empty for none")
	return p
}

// During calls f, and profiles it if the flag is set.
func (p *Profile) During(f func() error) error {
	if p.path == "" {
		return f()
	}
	file, err := os.Create(p.path)
	if err != nil {
		return fmt.Errorf("-cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return errors.Join(fmt.Errorf("-cpuprofile: %w", err), file.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}
