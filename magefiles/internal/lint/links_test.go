package lint

import (
	"slices"
	"testing"
)

func TestLinksNameSymbols(t *testing.T) {
	s := symbols{}
	s.add("a/r/q/a.go", []byte("package q\n\ntype X int\n"))
	s.add("q/a.go", []byte("package q\n\ntype T struct{ F int }\n\nfunc (t *T) M() {}\n\ntype E struct{ T }\n\nfunc New[V any]() {}\n"))
	for _, c := range []struct{ name, text, want string }{
		{"q/b.go", "package q\n\n// See [T], [T.F], [*T], [T.M], [E.F], [New], [q.T.M] and [io.Reader].\n", ""},
		{"r/b.go", "package r\n\n// See [q.T.M], [q.X], [1] and [text](link).\n", ""},
		{"q/b.go", "package q\n\n// See [U].\n", "q/b.go:3: [U] names no symbol"},
		{"q/b.go", "package q\n\n// See [T.G].\n", "q/b.go:3: [T.G] names no symbol"},
		{"r/b.go", "package r\n\n// See [T].\n", "r/b.go:3: [T] names no symbol"},
		{"r/b.go", "package r\n\n// See [q.U].\n", "r/b.go:3: [q.U] names no symbol"},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if got := s.check(c.name, []byte(c.text)); !slices.Equal(got, want) {
			t.Errorf("%s\ngot %q, want %q", c.text, got, want)
		}
	}
}
