package resolvetest

import "github.com/edgewise-go/edgewise/resolve"

const typeMX resolve.Type = 15

// denied fails t unless every type of name is ErrNotFound, without a question to the strategy
// below.
func denied(t T, s resolve.Strategy, u *upstream, texts ...string) {
	t.Helper()
	for _, name := range texts {
		for _, typ := range []resolve.Type{typeA, typeAAAA, typeMX} {
			_, err := both(t, s, question(name, typ))
			isError(t, name, err, resolve.ErrNotFound)
		}
	}
	u.asked(0, "denied names")
}

func specialCases() []Case {
	return []Case{
		{ID: "special/localhost", Doc: "resolve.Special", Rule: "localhost and names below it are 127.0.0.1 and ::1, without a lookup.",
			Source: "RFC 6761, section 6.3", Needs: needs(Special), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				s := p.Special(resolve.SpecialOptions{}, u)
				for _, name := range []string{"localhost", "localhost.", "LocalHost", "x.localhost", "a.b.localhost."} {
					got, err := both(t, s, a(name))
					holds(t, name, got, err, "127.0.0.1")
					got, err = both(t, s, aaaa(name))
					holds(t, name, got, err, "::1")
				}
				u.asked(0, "localhost")
			}},
		{ID: "special/localhost-types", Doc: "resolve.Special", Rule: "Types other than addresses are ErrNoData for localhost, without a lookup.",
			Source: "RFC 6761, section 6.3", Needs: needs(Special), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				s := p.Special(resolve.SpecialOptions{}, u)
				_, err := both(t, s, question("localhost", typeMX))
				isError(t, "MX of localhost", err, resolve.ErrNoData)
				u.asked(0, "MX of localhost")
			}},
		{ID: "special/denied", Doc: "resolve.Special", Rule: "Names in invalid, onion and alt do not exist, and are not passed on.",
			Source: "RFC 6761, section 6.4; RFC 7686; RFC 9476", Needs: needs(Special), Run: func(t T, p Fixture) {
				u := &upstream{t: t}
				denied(t, p.Special(resolve.SpecialOptions{}, u), u, "x.invalid", "invalid", "X.Onion", "a.b.onion.", "x.alt", "alt")
			}},
		{ID: "special/sites", Doc: "resolve.SpecialOptions", Rule: "Names in local, home.arpa and test are passed on, or denied if the options say so.",
			Source: "RFC 6762; RFC 8375; RFC 6761, section 6.2", Needs: needs(Special), Run: func(t T, p Fixture) {
				for _, x := range []struct {
					options resolve.SpecialOptions
					names   []string
				}{
					{resolve.SpecialOptions{DenyLocal: true}, []string{"x.local", "local"}},
					{resolve.SpecialOptions{DenyHomeArpa: true}, []string{"x.home.arpa", "home.arpa"}},
					{resolve.SpecialOptions{DenyTest: true}, []string{"x.test", "test"}},
				} {
					u := &upstream{t: t}
					denied(t, p.Special(x.options, u), u, x.names...)
					for _, name := range x.names {
						u := &upstream{t: t}
						passesOn(t, p.Special(resolve.SpecialOptions{}, u), u, a(name))
					}
				}
			}},
		{ID: "special/passes-on", Doc: "resolve.Special", Rule: "Other names are passed on, among them those that only contain a special name.", Needs: needs(Special),
			Run: func(t T, p Fixture) {
				all := resolve.SpecialOptions{DenyLocal: true, DenyHomeArpa: true, DenyTest: true}
				for _, name := range []string{"one.example", "localhost.example", "xlocalhost", "onion.example", "x-alt", "home.arpa.example",
					"xhome.arpa", "1.2.0.192.in-addr.arpa", "local.example", "."} {
					u := &upstream{t: t}
					passesOn(t, p.Special(all, u), u, a(name))
				}
			}},
	}
}
