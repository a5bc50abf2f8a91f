package lint

import (
	"slices"
	"testing"
)

func TestCheckWords(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"q/a.go", "package q\n\ntype PoolOptions struct{ MaxWorkers int }\n", ""},
		{"q/a.go", "package q\n\ntype PoolConfig struct{}\n", "q/a.go:3: PoolConfig has the word Config, use Options (GLOSSARY.md)"},
		{"q/a.go", "package q\n\ntype p struct{ WorkersMax int }\n", "q/a.go:3: WorkersMax has the word Max, use MaxWorkers (GLOSSARY.md)"},
		{"q/a.go", "package q\n\nconst TTLDefault = 1\n", "q/a.go:3: TTLDefault has the word Default, use DefaultTTL (GLOSSARY.md)"},
		{"q/a.go", "package q\n\ntype i interface{ AwaitRead() }\n", "q/a.go:3: AwaitRead has the word Await, use Wait, Suspend or Enqueue (GLOSSARY.md)"},
		{"q/a.go", "package q\n\nfunc (p) Cancelled() {}\n", "q/a.go:3: Cancelled has the word Cancelled, use Canceled (GLOSSARY.md)"},
		{"q/a.go", "package q\n\nfunc Reconfigure() {}\n\nconst limitMax = 1\n", ""},
		{"q/a.go", "package q\n\nfunc (c Conn) SetKeepAliveConfig() {}\n", ""},
		{"q/a_test.go", "package q\n\ntype PoolConfig struct{}\n", ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if got := checkWords(c.name, []byte(c.text)); !slices.Equal(got, want) {
			t.Errorf("%s\ngot %q, want %q", c.text, got, want)
		}
	}
}
