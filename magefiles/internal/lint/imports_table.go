package lint

import (
	"slices"
	"strings"
)

// ImportRule lists what the packages below one directory may import besides the standard library
// and their own module.
type ImportRule struct {
	Siblings []string // directories of other modules
	Outside  []string // prefixes of import paths outside the workspace; "*" matches any
}

// ImportTable maps the directory of a module, or of a package in it, to its rule. For a file, the
// rule of the longest directory that contains it applies.
type ImportTable map[string]ImportRule

// Architecture returns the table that the workspace obeys. "." is the root module, which offers the
// others in one import. Only programs and interop, which tests them against other implementations,
// may import it. No module may import apps, bench or magefiles, which is the build tooling.
func Architecture() ImportTable {
	everything := []string{"sys", "queue", "stream", "bufstrategy", "resolve", "sched"}
	programs := append(slices.Clone(everything), ".")
	return ImportTable{
		".":           {Siblings: everything},
		"sys":         {Outside: []string{"golang.org/x/sys"}},
		"queue":       {Siblings: []string{"sys"}},
		"stream":      {Siblings: []string{"sys"}},
		"bufstrategy": {Outside: []string{"golang.org/x/sys"}},
		"resolve":     {Outside: []string{"golang.org/x/net/dns/dnsmessage", "golang.org/x/sync"}},
		// On Windows, only system calls that package net keeps to itself report the name servers.
		"resolve/sysconfig": {Outside: []string{"golang.org/x/sys"}},
		"resolve/evented":   {Siblings: []string{"sys"}, Outside: []string{"golang.org/x/net/dns/dnsmessage"}},
		"sched":             {Siblings: []string{"queue", "sys"}},
		"conformance":       {Siblings: everything, Outside: []string{"golang.org/x/net/dns/dnsmessage"}},
		"apps":              {Siblings: append(slices.Clone(programs), "conformance"), Outside: []string{"*"}},
		"bench": {Siblings: programs, Outside: []string{
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/schollz/progressbar/v3", "golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term", "gonum.org/v1",
			"github.com/cloudwego/netpoll", "github.com/smallnest/ringbuffer", "github.com/valyala/bytebufferpool",
		}},
		"magefiles": {Outside: []string{"github.com/magefile/mage", "golang.org/x/sync"}},
		"interop": {Siblings: programs, Outside: []string{
			"github.com/coder/websocket", "github.com/gorilla/websocket", "github.com/jackc/pgx/v5", "github.com/miekg/dns", "github.com/pires/go-proxyproto",
			"github.com/quic-go/quic-go", "github.com/redis/go-redis/v9", "github.com/soheilhy/cmux", "github.com/valyala/fasthttp",
			"golang.org/x/crypto/ssh", "golang.org/x/net/ipv4", "golang.org/x/net/nettest", "google.golang.org/grpc", "google.golang.org/protobuf",
		}},
		"bench/peer": {Outside: []string{"github.com/cloudwego/netpoll", "github.com/lesismal/nbio", "github.com/panjf2000/gnet/v2", "golang.org/x/sys"}},
	}
}

// testify is for tests only, including those of apps.
const testify = "github.com/stretchr/testify"

// testOutside lists what every _test.go file may import in addition to its directory's rule. A test
// may need a system call that sys has no other reason to bind. Package ipv4 is a user of sockets
// that programs pass ours to.
var testOutside = []string{testify, "golang.org/x/net/nettest", "golang.org/x/net/ipv4", "golang.org/x/sys"}

// testSiblings lists the modules that every _test.go file may import in addition to its directory's
// rule.
var testSiblings = []string{"conformance"}

// coreOutside bounds what a released module may reach, directly or indirectly: users of the module
// download it.
var coreOutside = []string{"golang.org/x/sys", "golang.org/x/sync", "golang.org/x/net"}

// CoreOutside returns the modules from outside the workspace that released modules may build with.
func CoreOutside() []string { return slices.Clone(coreOutside) }

// rule returns the rule of the longest directory in t that is dir or contains it.
func (t ImportTable) rule(dir string) (ImportRule, bool) {
	for {
		if r, ok := t[dir]; ok {
			return r, true
		}
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			r, ok := t["."]
			return r, ok && (dir == "." || dir == "internal")
		}
		dir = dir[:i]
	}
}

// below reports whether path is one of prefixes or below one.
func below(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return p == "*" || path == p || strings.HasPrefix(path, p+"/")
	})
}

// standard reports whether path is in the standard library: its first element has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}
