package schedtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A rule that is in no doc comment is one that nobody was promised.
func TestRulesAreInTheDocumentation(t *testing.T) {
	files, err := filepath.Glob("../../sched/*.go")
	if err != nil {
		t.Fatal(err)
	}
	marks := regexp.MustCompile(`(?m)^\s*(//|  -)\s*`)
	var text strings.Builder
	for _, name := range append(files, "../../stream/waiter.go", "../../queue/queue.go") {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// A comment at the end of a line, of a constant, counts as well.
		text.WriteString(strings.ReplaceAll(marks.ReplaceAllString(string(source), " "), "//", " "))
	}
	documentation := strings.Join(strings.Fields(text.String()), " ")
	for _, r := range Rules() {
		if !strings.Contains(documentation, r.Rule) {
			t.Errorf("%s: no doc comment says: %s", r.ID, r.Rule)
		}
		if r.Source == "" {
			t.Errorf("%s: no source", r.ID)
		}
	}
}
