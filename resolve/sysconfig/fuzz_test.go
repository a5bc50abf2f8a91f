package sysconfig

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
)

// within fails t if c exceeds a bound.
func within(t *testing.T, c *Settings) {
	t.Helper()
	switch {
	case len(c.Servers) == 0 || len(c.Servers) > MaxServers, len(c.Lookup) > MaxModules, len(c.Warnings) > MaxWarnings,
		c.Ndots < 0 || c.Ndots > MaxNdots, c.Timeout < MinTimeout || c.Timeout > MaxTimeout,
		c.Attempts < MinAttempts || c.Attempts > MaxAttempts:
		t.Fatalf("out of bounds: %+v", c)
	}
	for _, s := range c.Servers {
		if !s.IsValid() || s.Port() == 0 || s.Addr().Is4In6() || s.Addr().Zone() != "" && !s.Addr().IsLinkLocalUnicast() {
			t.Fatalf("server %v", s)
		}
	}
	for _, n := range c.Search {
		if _, literal := n.Addr(); n.IsZero() || literal {
			t.Fatalf("suffix %q", n)
		}
	}
}

// FuzzParseResolvConf also checks that the result does not depend on how the file is read.
func FuzzParseResolvConf(f *testing.F) {
	f.Add([]byte("nameserver 192.0.2.1\nsearch a.example\noptions ndots:2 rotate\n"), "a b", "ndots:1")
	f.Fuzz(func(t *testing.T, text []byte, local, options string) {
		env := Environment{LocalDomain: &local, ResOptions: options, Hostname: local}
		if len(text)%2 == 0 {
			env.LocalDomain = nil
		}
		c, err := ParseResolvConf(bytes.NewReader(text), env)
		if err != nil {
			t.Fatal(err)
		}
		within(t, c)
		d, err := ParseResolvConf(iotest.OneByteReader(bytes.NewReader(text)), env)
		if err != nil || !c.equal(d) {
			t.Fatalf("%+v in one read, %+v byte by byte, %v", c, d, err)
		}
	})
}

func FuzzParseNSSwitch(f *testing.F) {
	f.Add([]byte("hosts: mymachines resolve [!UNAVAIL=return] files dns\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		hosts, warnings, err := ParseNSSwitch(bytes.NewReader(text))
		if err != nil || len(hosts) > MaxModules || len(warnings) > MaxWarnings {
			t.Fatalf("%d sources, %d warnings, %v", len(hosts), len(warnings), err)
		}
		for _, m := range hosts {
			if m.Name == "" || strings.ContainsAny(m.Name, " \t\n[") || len(m.Criteria) > maxCriteria {
				t.Fatalf("source %q with %d criteria", m.Name, len(m.Criteria))
			}
			for _, s := range []Status{StatusSuccess, StatusNotFound, StatusUnavail, StatusTryAgain} {
				if a := m.After(s); a != ActionReturn && a != ActionContinue {
					t.Fatalf("%+v after %s: %q", m, s, a)
				}
			}
		}
	})
}
