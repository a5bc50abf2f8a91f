package lint

import (
	"slices"
	"testing"
)

func TestCheckDocs(t *testing.T) {
	const finding = "q/a.go:4: the doc comment of Open must begin with its name"
	for _, c := range []struct{ text, want string }{
		{"package q\n\n// Open opens.\nfunc Open() {}\n", ""},
		{"package q\n\n// The Open of others.\nvar Open int\n", ""},
		{"package q\n\n//go:noinline\nfunc Open() {}\n", ""},
		{"package q\n\n// New opens.\nfunc Open() {}\n", finding},
		{"package q\n\n// Opens.\nfunc Open() {}\n", finding},
		{"package q\n\n// It opens.\ntype Open struct{}\n", finding},
		{"package q\n\n// It opens.\nfunc open() {}\n", ""},
		{"package q\n\n// The modes.\nconst (\n\tOpen = 1\n)\n", ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if got := checkDocs("q/a.go", []byte(c.text)); !slices.Equal(got, want) {
			t.Errorf("%s\ngot %q, want %q", c.text, got, want)
		}
	}
}

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
