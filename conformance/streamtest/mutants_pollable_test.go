package streamtest

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func pollableMutants() []mutant {
	return []mutant{
		broken("devices are adopted, ready or not", adoptions(func(h sys.Handle) (stream.Socket, error) {
			s, err := stream.Adopt(h)
			if name, _ := os.Readlink("/proc/self/fd/" + h.String()); err != nil && strings.HasPrefix(name, "/dev/") {
				return stream.OpenUnix()
			}
			return s, err
		}), "adopt/device"),
		broken("what cannot be waited for has an error of its own", adoptions(func(h sys.Handle) (stream.Socket, error) {
			s, err := stream.Adopt(h)
			if errors.Is(err, stream.ErrNotPollable) {
				err = errBroken
			}
			return s, err
		}), "adopt/device"),
		broken("regular files are refused, whatever they are of", func(f *Fixture) {
			f.parts.copy = func(c syscall.Conn) (stream.Socket, error) {
				if f, ok := c.(*os.File); ok {
					if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
						return stream.Socket{}, stream.ErrNotPollable
					}
				}
				return stream.AdoptDuplicate(c)
			}
		}, "adopt/file-that-reports"),
	}
}
