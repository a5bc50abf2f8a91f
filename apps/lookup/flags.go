package main

import (
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// Bounds of the flags.
const (
	inFlightMax = stub.DefaultMaxInFlight / 2 // a host lookup is two questions
	rateMax     = 1_000_000
	timeoutMax  = time.Hour
)

// inFlightDefault is -j by default.
const inFlightDefault = 128

type config struct {
	input names
	many  bool // several names are expected, so that a progress bar is worth it

	kind     resolve.Type   // of -t; zero for a host lookup
	family   resolve.Family // of a host lookup
	servers  []evented.Server
	resolve  string
	tcp      bool
	mixCase  bool
	conf     string         // path of -resolv-conf
	search   []resolve.Name // instead of the machine's list
	noSearch bool
	hosts    string
	noHosts  bool
	noCache  bool

	inFlight  int
	rate      int
	timeout   time.Duration
	format    string
	unordered bool
	quiet     bool
	trace     bool
	options   edgewise.Options
}

func parse(args []string, stdin io.Reader) (config, error) {
	var c config
	var v4, v6 bool
	fs := flag.NewFlagSet("lookup", flag.ContinueOnError)
	input := fs.String("i", "", "read names from this `FILE`, one per line, # begins a comment; - is standard input")
	kind := fs.String("t", "", "ask for records of this `TYPE`, such as A, MX, TXT or TYPE65 (default: a host lookup)")
	fs.BoolVar(&v4, "4", false, "look up only IPv4 addresses")
	fs.BoolVar(&v6, "6", false, "look up only IPv6 addresses")
	var listed serverList
	fs.Func("server", "ask this server, `ADDR[:PORT]`, instead of those of resolv.conf; may be repeated, as may -tls and -https", listed.add(plainServer))
	fs.Func("tls", "ask this server by DNS over TLS, `NAME@ADDR[:PORT]`; NAME must be in its certificate", listed.add(tlsServer))
	fs.Func("https", "ask this server by DNS over HTTPS, `URL@ADDR[:PORT]`", listed.add(httpsServer))
	cacert := fs.String("cacert", "", "trust the certificates in this PEM `FILE` instead of the system's")
	fs.StringVar(&c.resolve, "resolve", resolveAdaptive, "resolver `strategy`: "+strings.Join(resolvers(), "|"))
	fs.BoolVar(&c.tcp, "tcp", false, "ask over TCP only")
	fs.BoolVar(&c.mixCase, "0x20", false, "mix the case of names in queries, and refuse replies in another case")
	fs.StringVar(&c.conf, "resolv-conf", "", "read this `FILE` instead of the system's resolv.conf")
	search := fs.String("search", "", "complete relative names with these `suffixes`, separated by commas, instead of the machine's search list")
	fs.BoolVar(&c.noSearch, "no-search", false, "take every name as absolute")
	fs.StringVar(&c.hosts, "hosts", "", "look up names first in this hosts `FILE` instead of the system's")
	fs.BoolVar(&c.noHosts, "no-hosts", false, "do not read a hosts file")
	fs.BoolVar(&c.noCache, "no-cache", false, "ask again for a name that is in the list more than once")
	fs.IntVar(&c.inFlight, "j", inFlightDefault, "names that are looked up at once")
	fs.IntVar(&c.rate, "rate", 0, "names per second; 0 for no limit")
	fs.DurationVar(&c.timeout, "timeout", 5*time.Second, "give up a name after this long")
	fs.StringVar(&c.format, "o", "table", "output `format`: "+strings.Join(formats(), "|")+"; json is one object per line")
	fs.BoolVar(&c.unordered, "unordered", false, "print answers as they arrive instead of in the order of the names")
	fs.BoolVar(&c.quiet, "q", false, "print only answers: no failures, no summary, no progress bar")
	fs.BoolVar(&c.trace, "trace", false, "print each step of each lookup to standard error; looks up one name at a time")
	strategy.Register(fs, &c.options, 0)
	if err := cli.Parse(fs, args, usage); err != nil {
		return c, err
	}
	var err error
	if c.servers, err = listed.trust(*cacert); err != nil {
		return c, err
	}
	if *kind != "" {
		if c.kind, err = resolve.ParseType(*kind); err != nil {
			return c, cli.Usagef("-t %s: unknown type: want a name such as AAAA, MX or TXT, or TYPE and a number up to 65535", oneLine(*kind))
		}
	}
	if c.search, err = parseSearch(*search); err != nil {
		return c, err
	}
	switch {
	case v4 && !v6:
		c.family = resolve.FamilyV4
	case v6 && !v4:
		c.family = resolve.FamilyV6
	}
	if c.trace {
		c.inFlight = 1
	}
	if err := c.check(v4 || v6); err != nil {
		return c, err
	}
	if *input == "" && fs.NArg() == 0 {
		return c, cli.Usagef("no NAME given (see lookup -h)")
	}
	if *input != "" && fs.NArg() > 0 {
		return c, cli.Usagef("-i and names do not go together: put the names into the file")
	}
	c.many = *input != "" || fs.NArg() > 1
	c.input, err = openNames(*input, stdin, fs.Args())
	return c, err
}

// check refuses values and combinations that cannot work.
func (c *config) check(family bool) error {
	switch {
	case c.inFlight < 1 || c.inFlight > inFlightMax:
		return cli.Usagef("-j %d: want 1 to %d", c.inFlight, inFlightMax)
	case c.rate < 0 || c.rate > rateMax:
		return cli.Usagef("-rate %d: want 1 to %d, or 0 for no limit", c.rate, rateMax)
	case c.timeout <= 0 || c.timeout > timeoutMax:
		return cli.Usagef("-timeout %v: want more than 0, and at most %v", c.timeout, timeoutMax)
	case !slices.Contains(formats(), c.format):
		return cli.Usagef("-o %s: unknown; want one of %s", oneLine(c.format), strings.Join(formats(), "|"))
	case !slices.Contains(resolvers(), c.resolve):
		return cli.Usagef("-resolve %s: unknown; want one of %s", oneLine(c.resolve), strings.Join(resolvers(), "|"))
	case family && c.kind != 0:
		return cli.Usagef("-4 and -6 choose addresses of a host lookup, which -t %v replaces: use -t A or -t AAAA", c.kind)
	case c.search != nil && c.kind != 0:
		return cli.Usagef("-search does not go with -t: names are absolute there")
	case c.search != nil && c.noSearch:
		return cli.Usagef("-search and -no-search do not go together")
	case c.hosts != "" && c.noHosts:
		return cli.Usagef("-hosts and -no-hosts do not go together")
	case c.hosts != "" && c.kind != 0:
		return cli.Usagef("-hosts does not go with -t, which asks the servers only")
	}
	if !c.system() {
		return nil
	}
	for _, f := range []struct {
		set  bool
		flag string
	}{
		{c.kind != 0, "-t"}, {len(c.servers) > 0, "-server, -tls and -https"}, {c.tcp, "-tcp"}, {c.mixCase, "-0x20"},
		{c.conf != "", "-resolv-conf"}, {c.search != nil || c.noSearch, "-search and -no-search"}, {c.noHosts, "-no-hosts"},
	} {
		if f.set {
			return cli.Usagef("-resolve %s asks the resolver of package net, which has no place for %s: use -resolve %s", c.resolve, f.flag, resolveEvented)
		}
	}
	return nil
}

// parseSearch returns nil without a list.
func parseSearch(list string) ([]resolve.Name, error) {
	if list == "" {
		return nil, nil
	}
	var suffixes []resolve.Name
	for text := range strings.SplitSeq(list, ",") {
		n, err := resolve.ParseName(strings.TrimSpace(text))
		if err == nil {
			if _, literal := n.Addr(); literal {
				err = errNotSuffix
			}
		}
		if err != nil {
			return nil, cli.Usagef("-search: suffix %q: %s", oneLine(text), explain(err))
		}
		suffixes = append(suffixes, n)
	}
	if len(suffixes) > resolve.MaxSearchSuffixes {
		return nil, cli.Usagef("-search: %d suffixes: want at most %d", len(suffixes), resolve.MaxSearchSuffixes)
	}
	return suffixes, nil
}
