// Command modzip packs one module into a file-system module proxy exactly as the go command would
// pack it from a tag, and so refuses what could not be published: illegal or colliding file names,
// sizes over the limits.
//
//	modzip -proxy DIR -module PATH -version V -dir DIR [-skip NAME,NAME]
//	modzip -proxy DIR -module PATH -version V -repo ROOT [-subdir SUBDIR]
//	modzip -proxy DIR -module PATH -version V -repo ROOT [-subdir SUBDIR] -tag TAG
//
// The first form packs all files of a directory, except those below the entries that -skip names.
// The second packs the working tree of a git clone, without the files that git ignores, and the
// third a git tag. None packs the files of nested modules.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	var s source
	proxy := flag.String("proxy", "", "`directory` of the proxy")
	flag.StringVar(&s.module.Path, "module", "", "module `path`")
	flag.StringVar(&s.module.Version, "version", "", "module `version`")
	flag.StringVar(&s.dir, "dir", "", "`directory` to pack")
	skip := flag.String("skip", "", "comma-separated `names` of entries of the directory to omit")
	flag.StringVar(&s.repo, "repo", "", "git `repository` to pack from")
	flag.StringVar(&s.tag, "tag", "", "git `tag` to pack")
	flag.StringVar(&s.subdir, "subdir", "", "`directory` of the module in the repository")
	flag.Parse()
	s.skip = strings.Split(*skip, ",")
	if err := s.pack(*proxy); err != nil {
		fmt.Fprintf(os.Stderr, "modzip: %s: %v\n", s.module, err)
		os.Exit(1)
	}
}

type source struct {
	module            module.Version
	dir               string
	skip              []string
	repo, tag, subdir string
}

func (s source) pack(proxy string) error {
	escaped, err := module.EscapePath(s.module.Path)
	if err != nil {
		return err
	}
	version, err := module.EscapeVersion(s.module.Version)
	if err != nil {
		return err
	}
	goMod, err := s.goMod()
	if err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{s.module.Version, time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if s.tag != "" {
		err = zip.CreateFromVCS(&archive, s.module, s.repo, s.tag, s.subdir)
	} else {
		var files []zip.File
		if files, err = s.files(); err == nil {
			err = zip.Create(&archive, s.module, files)
		}
	}
	if err != nil {
		return err
	}
	at := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(at, 0o777); err != nil {
		return err
	}
	for suffix, data := range map[string][]byte{".info": info, ".mod": goMod, ".zip": archive.Bytes()} {
		if err := os.WriteFile(filepath.Join(at, version+suffix), data, 0o666); err != nil {
			return err
		}
	}
	list, err := os.OpenFile(filepath.Join(at, "list"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(list, s.module.Version)
	if closeErr := list.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (s source) goMod() ([]byte, error) {
	if s.tag == "" {
		return os.ReadFile(filepath.Join(s.top(), "go.mod"))
	}
	show := exec.Command("git", "show", s.tag+":"+path.Join(s.subdir, "go.mod"))
	show.Dir = s.repo
	show.Stderr = os.Stderr
	return show.Output()
}
